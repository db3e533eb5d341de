from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from rnas.training.inner_attack import PGDInner
from tests.rnas.training.digits import plan


@given(epochs=st.integers(1, 9), batch_size=st.integers(1, 50), images=st.integers(1, 200))
def test_steps_are_those_of_whole_batches_and_at_least_one_an_epoch(epochs: int, batch_size: int, images: int) -> None:
    short = plan("sat", epochs, batch_size)
    each = short.epoch_steps(images)
    assert each == (images // batch_size if images >= batch_size else 1)
    assert short.steps(images) == epochs * each
    last = short.progress(short.steps(images) - 1, images)
    assert (last.step, last.steps, last.epochs) == (epochs * each - 1, epochs * each, epochs)


def test_crafting_is_the_fidelitys() -> None:
    inner_attack = plan("bat", attack_steps=2).inner_attack
    assert isinstance(inner_attack, PGDInner)
    assert (inner_attack.steps, inner_attack.step, inner_attack.loss) == (2, Fraction(1, 4), "kl")
