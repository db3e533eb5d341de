"""Scores of genomes by zero-cost proxies: real ones on small networks, and places among others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnas.errors import InputError
from rnas.nas.proxies.naswot import naswot
from rnas.nas.strategies._proxy_scores import IMAGES, ProxyScores, normal_scores_among
from rnas.statistics._ranks import normal_scores
from search_spaces.digits_bench import INPUT_SHAPE, NUM_CLASSES, DigitsBenchSettings, DigitsBenchSpace


def space() -> DigitsBenchSpace:
    return DigitsBenchSpace(DigitsBenchSettings(), INPUT_SHAPE, NUM_CLASSES)


def test_scores_are_those_of_the_proxies_each_worked_out_once() -> None:
    genomes = space().sample(3, np.random.default_rng(0))
    scores = ProxyScores(space(), ["naswot", "synflow"])
    found = scores(genomes)
    assert found.shape == (3, 2)
    assert np.isfinite(found).all()
    assert (ProxyScores(space(), ["synflow"])(genomes)[:, 0] == found[:, 1]).all()
    # What it would see now would score otherwise.
    scores._images = 1 - scores._images
    assert (scores(genomes[::-1]) == found[::-1]).all()


def test_a_proxy_that_is_not_defined_scores_nothing_and_a_network_that_overflows_is_the_worst() -> None:
    genomes = space().sample(2, np.random.default_rng(0))
    scores = ProxyScores(space(), ["naswot"])
    scores._images = scores._images[:1]
    assert np.isnan(scores(genomes)).all()
    scores = ProxyScores(space(), ["naswot"])
    scores._images = scores._images * np.inf
    assert (scores(genomes) == -np.inf).all()


@pytest.mark.parametrize("score", [np.nan, np.inf])
def test_what_is_no_score_is_refused(score: float) -> None:
    scores = ProxyScores(space(), [])
    scores._proxies = {"theirs": lambda *_: score}
    with pytest.raises(InputError, match=f"proxy 'theirs' scored a network {score}, but a score is finite or -inf"):
        scores(space().sample(1, np.random.default_rng(0)))


def test_unknown_proxies_are_refused() -> None:
    with pytest.raises(InputError, match="no-such"):
        ProxyScores(space(), ["no-such"])


def test_what_a_proxy_sees_is_noise_in_the_range_of_images() -> None:
    scores = ProxyScores(space(), ["naswot"])
    assert scores._images.shape == (IMAGES, *INPUT_SHAPE)
    assert 0 <= scores._images.min() < scores._images.max() <= 1
    genome = space().sample(1, np.random.default_rng(0))
    network = space().decode(genome[0])
    assert scores(genome)[0, 0] == naswot(network, INPUT_SHAPE, NUM_CLASSES, scores._images, 0)


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=30))
def test_places_among_themselves_are_normal_scores(numbers: list[int]) -> None:
    values = np.array(numbers, dtype=float)
    n = len(values)
    among = normal_scores_among(values, values)
    # One more place than values, since a new value may be beyond all of them.
    own = normal_scores(np.concatenate([values, values, values]))[:n]
    assert (np.argsort(among, kind="stable") == np.argsort(own, kind="stable")).all()
    assert abs(among.mean()) < 1e-9 or len(set(numbers)) > 1


def test_places_are_finite_beyond_all_others_and_in_the_middle_for_none() -> None:
    among = normal_scores_among(np.array([-np.inf, 0.0, 9.0, np.nan]), np.array([1.0, 2.0, np.nan, -np.inf]))
    assert np.isfinite(among).all()
    assert among[0] < among[1] < among[2]
    assert among[3] == 0
