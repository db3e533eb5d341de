import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnas.training.losses.mart import MART
from tests.rnas.training.losses.logits import Logits, assert_same
from tests.rnas.training.transcription import mart


@given(seed=st.integers(0, 999), scale=st.floats(0.1, 20), smoothing=st.floats(0, 0.9), beta=st.floats(0, 10))
def test_it_is_the_formula(seed: int, scale: float, smoothing: float, beta: float) -> None:
    logits = Logits.drawn(seed, scale)
    expected = mart(logits.clean, logits.adversarial, logits.labels, beta, smoothing)
    assert_same(logits, logits.value(MART(beta=beta), logits.labels, smoothing), expected)


def test_the_strongest_wrong_class_is_punished_where_another_is_right_and_where_it_is_not() -> None:
    scores = torch.tensor([[0.7, 0.2, 0.1]], dtype=torch.float64).log()
    for label, strongest, own in ((0, 0.2, 0.7), (1, 0.7, 0.2), (2, 0.7, 0.1)):
        logits = Logits(scores.clone().requires_grad_(), scores.clone().requires_grad_(), torch.tensor([label]), scores)
        found = logits.value(MART(beta=0), logits.labels).loss.item()
        assert found == pytest.approx(-math.log(own) - math.log(1.0001 - strongest), rel=1e-9)


def test_sure_predictions_have_finite_gradients() -> None:
    # In float32 a probability of exp(-200) is 0.
    for label in range(3):
        logits = Logits(
            torch.tensor([[0.0, -200, 100]]).requires_grad_(),
            torch.tensor([[100.0, 0, -200]]).requires_grad_(),
            torch.tensor([label]),
            torch.zeros(1),
        )
        loss = logits.value(MART(), logits.labels).loss
        assert loss.isfinite()
        assert logits.gradients(loss).isfinite().all()
