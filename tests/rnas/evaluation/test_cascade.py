"""The cascades of AutoAttack against the library's standard version, on digits.

All have a quarter of their iterations and less than half of their queries.
"""

import logging
import sys
from dataclasses import replace

import pytest
import torch
from pyautoattack import AutoAttack
from torch import Tensor, nn

from rnas.attacks import autoattack
from rnas.attacks.autoattack import Square
from rnas.attacks.autoattack_ensembles import Ensemble
from rnas.attacks.named import named_attack
from rnas.evaluation._attack_run import PlannedAttack, run_attacks
from rnas.evaluation._evaluation_state import EvaluationState
from rnas.evaluation._observed_network import ObservedNetwork
from rnas.evaluation.threats import parse_threat
from tests.rnas.attacks.test_autoattack import shorten
from tests.rnas.evaluation.digits_networks import EPSILON, images_of_test

THREAT = parse_threat("linf:3/20")
IMAGES = 100
STEPS, QUERIES = 25, 2000


@pytest.fixture(autouse=True)
def _fewer_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autoattack, "_STEPS", STEPS)


def standard(model: nn.Module) -> tuple[Tensor, int]:
    """Images that withstand the library's standard version, and the passes that it made."""
    split = images_of_test(IMAGES)
    network = ObservedNetwork(model)
    library = AutoAttack(network, eps=float(EPSILON), seed=0)
    library.logger.setLevel(logging.ERROR)
    shorten(library, STEPS, QUERIES)
    images = split.images(slice(None))
    # Its check for dynamic networks switches off coverage and debuggers.
    trace = sys.gettrace()
    found = library.run_standard_evaluation(images, split.labels, batch_size=IMAGES)[0]
    sys.settrace(trace)
    passes = network.forward_passes + network.backward_passes
    with torch.no_grad():
        return model(found).argmax(1) == split.labels, passes


def ours(model: nn.Module, name: str) -> tuple[Tensor, int]:
    """The same of an ensemble of ours."""
    ensemble = named_attack(name, THREAT.epsilon)
    assert isinstance(ensemble, Ensemble)
    members = ((n, replace(a, queries=QUERIES) if isinstance(a, Square) else a) for n, a in ensemble.members)
    planned = PlannedAttack(name, THREAT, replace(ensemble, members=tuple(members)))
    result = run_attacks(model, images_of_test(IMAGES), [planned], 10, 0, IMAGES, EvaluationState({}))
    states = [step.state for step in result.attacks[0].steps]
    passes = sum(state.forward_passes + state.backward_passes for state in states)
    return result.attacks[0].right, passes + IMAGES


@pytest.mark.slow
@pytest.mark.parametrize("name", ["robust_network", "robust_residual_network"])
def test_against_the_librarys_standard_version(name: str, request: pytest.FixtureRequest) -> None:
    model = request.getfixturevalue(name)
    expected, passes = standard(model)
    assert 25 < expected.sum() < 90

    # The full form breaks every image that the standard version breaks, for no more.
    full, full_passes = ours(model, "autoattack-cascade")
    assert not (full & ~expected).any()
    assert full_passes <= passes

    # The fast form's accuracy is off by an image at most, for at most an eighth.
    fast, fast_passes = ours(model, "autoattack-fast")
    assert abs(int(fast.sum()) - int(expected.sum())) <= 1
    assert (fast != expected).sum() <= 2
    assert fast_passes <= passes / 8

    # Our standard version is the library's, but for its random starts: the library's own differ as much.
    own, own_passes = ours(model, "autoattack")
    assert abs(int(own.sum()) - int(expected.sum())) <= 1
    assert (own != expected).sum() <= 2
    assert not (full & ~own).any()
    assert full_passes <= own_passes <= passes
