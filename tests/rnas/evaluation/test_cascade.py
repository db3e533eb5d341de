"""The cascades of AutoAttack against the library's standard version, on digits."""

import logging
import sys
import time

import pytest
import torch
from pyautoattack import AutoAttack
from torch import Tensor, nn

from rnas.attacks.named import named_attack
from rnas.evaluation.attack_run import PlannedAttack, run_attacks
from rnas.evaluation.evaluation_state import EvaluationState
from rnas.evaluation.observed_network import ObservedNetwork
from rnas.evaluation.threats import parse_threat
from tests.rnas.evaluation.digits_networks import EPSILON, test_images

THREAT = parse_threat("linf:3/20")
IMAGES = 200


def standard(model: nn.Module) -> tuple[Tensor, int, float]:
    """Images that withstand the library's standard version, the passes that it made, and its seconds of computing."""
    split = test_images(IMAGES)
    network = ObservedNetwork(model)
    library = AutoAttack(network, eps=float(EPSILON), seed=0)
    library.logger.setLevel(logging.ERROR)
    images = split.images(slice(None))
    started = time.process_time()
    # Its check for dynamic networks switches off coverage and debuggers.
    trace = sys.gettrace()
    found = library.run_standard_evaluation(images, split.labels, batch_size=IMAGES)[0]
    sys.settrace(trace)
    seconds = time.process_time() - started
    passes = network.forward_passes + network.backward_passes
    with torch.no_grad():
        return model(found).argmax(1) == split.labels, passes, seconds


def ours(model: nn.Module, name: str) -> tuple[Tensor, int, float]:
    """The same of an ensemble of ours."""
    planned = PlannedAttack(name, THREAT, named_attack(name, THREAT.epsilon))
    started = time.process_time()
    result = run_attacks(model, test_images(IMAGES), [planned], 10, 0, IMAGES, EvaluationState({}))
    seconds = time.process_time() - started
    states = [step.state for step in result.attacks[0].steps]
    passes = sum(state.forward_passes + state.backward_passes for state in states)
    return result.attacks[0].right, passes + IMAGES, seconds


@pytest.mark.slow
@pytest.mark.parametrize("name", ["robust_network", "robust_residual_network"])
def test_against_the_librarys_standard_version(name: str, request: pytest.FixtureRequest) -> None:
    model = request.getfixturevalue(name)
    expected, passes, seconds = standard(model)
    assert 60 < expected.sum() < 160

    # The full form breaks every image that the standard version breaks, for no more.
    full, full_passes, _ = ours(model, "autoattack-cascade")
    assert not (full & ~expected).any()
    assert full_passes <= passes

    # The fast form's accuracy is off by an image at most, for at most an eighth.
    fast, fast_passes, fast_seconds = ours(model, "autoattack-fast")
    assert abs(int(fast.sum()) - int(expected.sum())) <= 1
    assert (fast != expected).sum() <= 2
    assert fast_passes <= passes / 8
    assert fast_seconds <= seconds / 8

    # Our standard version is the library's, but for its random starts: the library's own differ as much.
    own, own_passes, _ = ours(model, "autoattack")
    assert abs(int(own.sum()) - int(expected.sum())) <= 1
    assert (own != expected).sum() <= 2
    assert not (full & ~own).any()
    assert full_passes <= own_passes <= passes
