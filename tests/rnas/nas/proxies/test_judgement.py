import numpy as np
import pytest

from rnas._typing import Floats
from rnas.errors import InputError
from rnas.nas.proxies.judgement import FEWEST, cross_validated, judge, with_scores
from rnas.statistics._ranks import kendall_tau

COSTS = np.exp(np.random.default_rng(0).normal(size=(90, 2)))
SECRET = np.random.default_rng(1).normal(size=90)
TARGET = np.log(COSTS[:, 0]) + SECRET + 0.2 * np.random.default_rng(2).normal(size=90)


@pytest.mark.slow
def test_what_says_more_than_cost_adds_in_either_direction() -> None:
    up, down = judge(SECRET, TARGET, COSTS), judge(-np.exp(SECRET), TARGET, COSTS)
    assert up.adds
    assert down.adds
    assert up.tau == pytest.approx(kendall_tau(SECRET, TARGET)) == pytest.approx(-down.tau)
    assert up.partial_tau.value > 0.5
    assert down.partial_tau.value == pytest.approx(-up.partial_tau.value)
    for interval in (up.partial_tau, up.gain, down.partial_tau):
        assert interval.low < interval.value < interval.high


@pytest.mark.slow
def test_cost_itself_adds_nothing_however_well_it_predicts() -> None:
    judgement = judge(COSTS[:, 0] ** 2, TARGET, COSTS)
    assert judgement.tau > 0.3
    assert not judgement.adds


@pytest.mark.slow
def test_what_is_known_otherwise_adds_nothing() -> None:
    judgement = judge(SECRET, TARGET, COSTS, known=np.column_stack([np.log(COSTS), SECRET]))
    assert judgement.partial_tau.excludes_zero
    assert judgement.without > 0.6
    assert not judgement.adds


@pytest.mark.slow
def test_gain_is_that_of_the_predictions() -> None:
    known = np.log(COSTS)
    judgement = judge(SECRET, TARGET, COSTS, known)
    with_it, without = (kendall_tau(cross_validated(x, TARGET), TARGET) for x in (with_scores(known, SECRET), known))
    assert judgement.without == without
    assert judgement.gain.value == pytest.approx(with_it - without)


def test_scores_weigh_half_of_what_is_known() -> None:
    inputs = with_scores(np.column_stack([SECRET, 7 * SECRET]), COSTS[:, 0])
    assert inputs[:, :2].var(axis=0).sum() == pytest.approx(1.0)
    assert inputs[:, 2].std() == pytest.approx(0.5)
    assert (with_scores(np.ones((9, 1)), np.ones(9)).var(axis=0) == 0).all()


@pytest.mark.slow
def test_the_worst_networks_may_be_infinitely_bad() -> None:
    scores = np.where(SECRET < -1, -np.inf, SECRET)
    assert judge(scores, TARGET, COSTS).adds


@pytest.mark.parametrize(
    ("scores", "target", "fault"),
    [
        (np.full(90, np.nan), TARGET, "numbers; leave failed networks out"),
        (SECRET, np.where(SECRET > 1, np.nan, TARGET), "numbers; leave failed networks out"),
        (SECRET[: FEWEST - 1], TARGET[: FEWEST - 1], "on 39 networks; give at least 40"),
    ],
)
def test_what_cannot_be_judged_is_refused(scores: Floats, target: Floats, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        judge(scores, target, COSTS[: len(target)])


@pytest.mark.slow
def test_noise_hardly_ever_adds() -> None:
    """Both intervals have to be wrong, and one in twenty is; ``benchmarks/search/proxies.py`` judges real proxies."""
    rng = np.random.default_rng(3)
    assert not any(judge(rng.normal(size=50), TARGET[:50], COSTS[:50]).adds for _ in range(2))
