import torch
from hypothesis import given
from hypothesis import strategies as st

from rnas.training.losses.cross_entropy import CrossEntropy
from tests.rnas.training.losses.logits import Logits, assert_same
from tests.rnas.training.transcription import cross_entropy


@given(seed=st.integers(0, 999), scale=st.floats(0.1, 20), smoothing=st.floats(0, 0.9))
def test_it_is_the_formula_for_classes_and_for_their_shares(seed: int, scale: float, smoothing: float) -> None:
    logits = Logits.drawn(seed, scale)
    for targets in (logits.labels, logits.shares):
        found = logits.value(CrossEntropy(), targets, smoothing)
        assert_same(logits, found, cross_entropy(logits.adversarial, targets, smoothing))
        assert not logits.gradients(found.loss)[0].any()


def test_shares_of_one_are_classes() -> None:
    logits = Logits.drawn(0)
    ones = torch.nn.functional.one_hot(logits.labels, 6).double()
    same = [logits.value(CrossEntropy(), targets, 0.1).loss for targets in (logits.labels, ones)]
    assert torch.allclose(*same)
