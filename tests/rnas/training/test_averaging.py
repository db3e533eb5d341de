import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.optim.swa_utils import update_bn

from rnas.training._average import Average, renew_statistics
from rnas.training.averaging import EMA, SWA
from rnas.training.schedules._progress import Progress
from rnas.training.trainer import Trainer
from tests.rnas.training.digits import TRAINING, network, plan
from tests.waits import Waits


def trained_for(steps: int, seed: int = 0) -> list[list[torch.Tensor]]:
    """Return the weights of a network after each of a number of steps."""
    generator = torch.Generator().manual_seed(seed)
    shapes = [parameter.shape for parameter in network().parameters()]
    return [[torch.randn(shape, generator=generator) for shape in shapes] for _ in range(steps)]


def put(model: nn.Module, weights: list[torch.Tensor]) -> None:
    with torch.no_grad():
        for parameter, weight in zip(model.parameters(), weights, strict=True):
            parameter.copy_(weight)


@settings(max_examples=30)
@given(
    epochs=st.integers(1, 20),
    each=st.integers(1, 4),
    decay=st.floats(0.01, 0.999),
    warmup=st.sampled_from([0.0, 0.025, 0.1, 0.29, 0.5]),
    ramp=st.booleans(),
)
def test_exponential_average_is_that_of_a_loop(epochs: int, each: int, decay: float, warmup: float, ramp: bool) -> None:
    model, steps = network(), epochs * each
    rule = EMA(decay=decay, warmup=warmup, ramp=ramp)
    average = Average(rule, model)
    assert not average.started
    expected: list[torch.Tensor] = []
    for step, weights in enumerate(trained_for(steps)):
        put(model, weights)
        average.after_step(model, Progress(step, steps, epochs))
        average.after_epoch(model, Progress(step, steps, epochs), lambda _: pytest.fail("no epoch counts"))
        beyond = step - round(warmup * steps)
        kept = min(decay, (1 + beyond) / (10 + beyond)) if ramp and beyond >= 0 else decay
        kept = 0 if beyond < 0 or not expected else kept
        exact = [weight.double() for weight in weights]
        expected = [kept * a + (1 - kept) * b for a, b in zip(expected or exact, exact, strict=True)]
        assert average.started
    for found, wanted in zip(average.model.parameters(), expected, strict=True):
        assert torch.allclose(found.double(), wanted, rtol=1e-5, atol=1e-5)


def test_decay_of_the_advanced_recipe() -> None:
    # 400 epochs of 48 steps: ten epochs follow the weights, then the decay rises to its greatest.
    rule = EMA(decay=0.995, warmup=0.025, ramp=True)
    kept = [rule.keeps(Progress(step, 400 * 48, 400)) for step in range(400 * 48)]
    assert kept[:480] == [0.0] * 480
    assert kept[480:483] == [1 / 10, 2 / 11, 3 / 12]
    assert kept[-1] == 0.995 == max(kept)


def test_buffers_are_the_networks_own() -> None:
    model = network()
    average = Average(EMA(decay=0.9), model)
    for step in range(2):
        model(torch.rand(4, 1, 8, 8))
        average.after_step(model, Progress(step, 2, 1))
    for ours, theirs in zip(average.model.buffers(), model.buffers(), strict=True):
        assert torch.equal(ours, theirs)
        assert ours.data_ptr() != theirs.data_ptr()


@pytest.mark.parametrize("tenth", range(10))
def test_mean_of_the_weights_at_the_ends_of_the_last_epochs(tenth: int) -> None:
    model, renewed = network(), []
    average = Average(SWA(start=float(f"0.{tenth}")), model)
    history = trained_for(10)
    for epoch, weights in enumerate(history):
        put(model, weights)
        average.after_step(model, Progress(3 * epoch, 30, 10))
        average.after_epoch(model, Progress(3 * epoch, 30, 10), renewed.append)
        assert average.started == (epoch >= tenth)
    assert renewed == [average.model] * (10 - tenth)
    for found, weights in zip(average.model.parameters(), zip(*history[tenth:], strict=True), strict=True):
        assert torch.allclose(found, torch.stack(weights).mean(0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("rule", [EMA(decay=0.8), SWA(start=0.0)])
def test_loaded_where_it_was_it_goes_on_the_same(rule: EMA | SWA) -> None:
    model, history = network(), trained_for(6)
    straight, interrupted = Average(rule, model), Average(rule, model)

    def follow(average: Average, epochs: range) -> None:
        for epoch in epochs:
            put(model, history[epoch])
            average.after_step(model, Progress(epoch, 6, 6))
            average.after_epoch(model, Progress(epoch, 6, 6), lambda _: None)

    follow(straight, range(6))
    follow(interrupted, range(3))
    state = {name: tensor.clone() for name, tensor in interrupted.state().items()}
    again = Average(rule, network(seed=1))
    again.load(state)
    follow(again, range(3, 6))
    for one, other in zip(straight.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_averaged_batch_normalisation_has_the_statistics_of_clean_training_images() -> None:
    steps = plan({"name": "sat", "averaging": {"name": "swa", "start": 0.0}}, batch_size=50)
    part = TRAINING.first(120)
    training = Trainer(network(), part, steps, 0)
    list(training.epochs())
    convolution, norm = training.result[0], training.result[1]
    maps = [convolution(part.images(slice(start, start + 50))).detach() for start in (0, 50)]
    mean = torch.stack([of_batch.mean((0, 2, 3)) for of_batch in maps]).mean(0)
    variance = torch.stack([of_batch.var((0, 2, 3)) for of_batch in maps]).mean(0)
    assert torch.allclose(norm.running_mean, mean, rtol=1e-4, atol=1e-6)
    assert torch.allclose(norm.running_var, variance, rtol=1e-4, atol=1e-6)
    assert not torch.allclose(training.model[1].running_mean, mean, rtol=1e-2)


def test_statistics_are_those_of_torch_without_waiting_for_the_device() -> None:
    one, other = network().eval(), network().eval()
    batches = [TRAINING.images(slice(start, start + 16)) for start in (0, 16, 32)]
    update_bn(batches, one)
    with Waits() as counter:
        renew_statistics(batches, other)
    assert counter.waits == 0
    assert not other.training
    assert [module.momentum for module in other.modules() if isinstance(module, nn.BatchNorm2d)] == [0.1, 0.1]
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name]), name


def test_buffers_are_followed_in_one_launch() -> None:
    small, large = network(), nn.Sequential(*(network() for _ in range(3)))
    counts = []
    for model in (small, large):
        average = Average(EMA(decay=0.9), model)
        with Waits() as counter:
            average.after_step(model, Progress(1, 10, 1))
        counts.append(counter.kernels)
    assert counts[0] == counts[1]
