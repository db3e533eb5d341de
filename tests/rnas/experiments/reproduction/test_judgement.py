import numpy as np
import pytest
from scipy.stats import binom, norm

from rnas.experiments.reproduction.judgement import (
    EXACTLY,
    NOT,
    UNJUDGED,
    WITHIN,
    Judged,
    image_interval,
    judged,
    level_of_each,
    overall,
    rounding_interval,
    seed_spread_of,
)
from rnas.statistics.interval import Interval

SHARES = Interval(0.5, 0.4, 0.6)


def status(found: float | None, **given: object) -> str:
    arguments = {"equal": found == 0.5, "interval": SHARES} | given
    return judged("robust_accuracy", 0.5, found, **arguments).status  # type: ignore[arg-type]


def test_what_is_equal_is_exact_and_nothing_else_where_that_is_expected() -> None:
    assert status(0.5) == status(0.5, equal_expected=True) == EXACTLY
    assert status(0.5, equal=False, equal_expected=True) == NOT
    assert status(0.5 + 1e-9, equal_expected=True) == NOT
    assert status(None) == NOT


@pytest.mark.parametrize(("found", "expected"), [(0.4, WITHIN), (0.6, WITHIN), (0.39, NOT), (0.61, NOT)])
def test_else_the_interval_of_images_decides(found: float, expected: str) -> None:
    assert status(found) == expected


def test_what_no_interval_says_anything_of_is_not_judged() -> None:
    assert status(0.51, interval=None) == UNJUDGED
    assert status(0.5, interval=None) == EXACTLY
    assert status(0.51, interval=None, equal_expected=True) == status(None, interval=None) == NOT


def test_images_one_by_one_decide_before_the_interval() -> None:
    assert status(0.51, p_value=0.04) == NOT
    assert status(0.9, p_value=0.05) == WITHIN
    assert status(0.51, p_value=0.04, level=0.0125) == WITHIN
    assert status(0.51, p_value=0.0124, level=0.0125) == NOT
    assert judged("clean", 0.5, 0.5, equal=True, interval=SHARES, p_value=1.0).p_value is None


def test_other_seeds_decide_before_all() -> None:
    typical = seed_spread_of(0.5, [0.48, 0.5, 0.52], (0, 1), resolution=0.01)
    lucky = seed_spread_of(0.5, [0.30, 0.31, 0.32], (0, 1), resolution=0.01)
    assert status(0.9, seed_spread=typical, p_value=0.0) == WITHIN
    assert status(0.51, seed_spread=lucky, p_value=1.0) == NOT
    assert lucky is not None
    assert judged("clean", 0.5, 0.51, equal=False, interval=SHARES, seed_spread=lucky).interval == lucky.interval
    # That it was lucky does not make another number of it.
    assert status(0.5, seed_spread=lucky) == EXACTLY


def test_the_worst_metric_decides() -> None:
    def of(*statuses: str) -> list[Judged]:
        return [Judged("metric", 0, 0, None, None, each) for each in statuses]  # type: ignore[arg-type]

    assert overall(of(EXACTLY, EXACTLY)) == EXACTLY
    assert overall(of(EXACTLY, WITHIN)) == WITHIN
    assert overall(of(WITHIN, NOT, EXACTLY)) == NOT
    assert overall([]) == NOT
    assert overall(of(EXACTLY, UNJUDGED)) == EXACTLY
    assert overall(of(UNJUDGED, NOT)) == NOT
    assert overall(of(UNJUDGED, UNJUDGED)) == UNJUDGED


def test_margins_have_the_interval_of_a_share_scaled_up() -> None:
    share, margin = image_interval(0.75, 200), image_interval(0.5, 200, -1, 1)
    assert (margin.low, margin.high) == pytest.approx((2 * share.low - 1, 2 * share.high - 1))
    quantile = norm.ppf(0.975)
    middle = (0.75 + quantile**2 / 400) / (1 + quantile**2 / 200)
    half = quantile / (1 + quantile**2 / 200) * np.sqrt(0.75 * 0.25 / 200 + quantile**2 / 160_000)
    assert (share.low, share.high) == pytest.approx((middle - half, middle + half))
    assert rounding_interval(-2.0) == Interval(-2.0, -2.002, -1.998)


def test_what_was_recorded_as_0_may_be_rounded_too() -> None:
    nothing = rounding_interval(0.0)
    assert nothing.low < -1e-7 < 1e-7 < nothing.high


def test_a_claim_that_holds_is_seldom_refuted_however_many_metrics_it_has() -> None:
    metrics, images, share = 6, 400, 0.5
    chances = binom.pmf(range(images + 1), images, share)

    def refuted(level: float) -> float:
        around = image_interval(share, images, level=level)
        found = [judged("", share, right / images, equal=False, interval=around) for right in range(images + 1)]
        outside = sum(chance for chance, one in zip(chances, found, strict=True) if one.status == NOT)
        return float(1 - (1 - outside) ** metrics)

    assert refuted(level_of_each(metrics)) <= 0.05
    assert refuted(level_of_each(1)) > 0.2


def test_a_prediction_interval_holds_one_more_training_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    draws = rng.normal(0.4, 0.02, size=(2000, 4))
    places = [seed_spread_of(draw[0], list(draw[1:]), (0, 1), resolution=0.001) for draw in draws]
    inside = np.mean([seed_spread is not None and seed_spread.place == "inside" for seed_spread in places])
    assert 0.935 <= inside <= 0.965


def test_luck_takes_two_seeds_and_knows_its_side() -> None:
    assert seed_spread_of(0.5, [0.5], (0, 1), resolution=0.01) is None
    for recorded, place in ((0.5, "inside"), (0.6, "above"), (0.4, "below")):
        seed_spread = seed_spread_of(recorded, [0.5, 0.5], (0, 1), resolution=0.01)
        assert seed_spread is not None
        assert seed_spread.place == place
    wide = seed_spread_of(0.5, [0.1, 0.9], (0, 1), resolution=0.01)
    assert wide is not None
    assert wide.interval == Interval(0.5, 0, 1)


@pytest.mark.parametrize("seeds", [2, 3, 10])
def test_seeds_that_tie_do_not_refute_what_is_one_image_off(seeds: int) -> None:
    for recorded in (19 / 40, 21 / 40):
        seed_spread = seed_spread_of(recorded, [20 / 40] * seeds, (0, 1), resolution=1 / 40)
        assert seed_spread is not None
        assert seed_spread.place == "inside"


def test_a_smaller_level_makes_intervals_longer() -> None:
    wide, narrow = (
        seed_spread_of(0.5, [0.48, 0.5, 0.52], (0, 1), resolution=0.01, level=level) for level in (0.01, 0.05)
    )
    assert wide is not None
    assert narrow is not None
    assert wide.interval.half_width > 2 * narrow.interval.half_width
    assert image_interval(0.5, 100, level=0.01).half_width > image_interval(0.5, 100).half_width
