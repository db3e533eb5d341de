import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnas.training.losses.trades import TRADES
from tests.rnas.training.losses.logits import Logits, assert_same
from tests.rnas.training.transcription import trades


@given(seed=st.integers(0, 999), scale=st.floats(0.1, 20), smoothing=st.floats(0, 0.9), beta=st.floats(0, 10))
def test_it_is_the_formula_for_classes_and_for_their_shares(
    seed: int, scale: float, smoothing: float, beta: float
) -> None:
    logits = Logits.drawn(seed, scale)
    for targets in (logits.labels, logits.shares):
        expected = trades(logits.clean, logits.adversarial, targets, beta, smoothing)
        assert_same(logits, logits.value(TRADES(beta=beta), targets, smoothing), expected)


def test_the_clean_prediction_in_the_divergence_has_a_gradient() -> None:
    logits = Logits.drawn(0)
    with_divergence, without = (logits.value(TRADES(beta=beta), logits.labels).loss for beta in (6.0, 0.0))
    assert not torch.allclose(logits.gradients(with_divergence)[0], logits.gradients(without)[0], rtol=1e-2)


def test_no_divergence_between_equal_predictions() -> None:
    logits = Logits.drawn(0)
    logits.adversarial = logits.clean
    found = [logits.value(TRADES(beta=beta), logits.labels).loss.item() for beta in (0.0, 6.0)]
    assert found[0] == pytest.approx(found[1], rel=1e-12)


def test_sure_predictions_have_finite_gradients() -> None:
    logits = Logits(
        *(torch.tensor([[900.0, 0, -900]]).roll(n, 1).requires_grad_() for n in (0, 1)), *[torch.zeros(1)] * 2
    )
    loss = logits.value(TRADES(), torch.tensor([2])).loss
    assert loss.isfinite()
    assert logits.gradients(loss).isfinite().all()
