import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from rnas.training.numerics import Numerics
from rnas.training.trainer import Trainer
from tests.arithmetic import Switches, older_switches, switches
from tests.rnas.training.digits import SEARCH_VAL, TRAINING, accuracies, coloured, network, plan

CPU = torch.device("cpu")


PROGRAMS: dict[str, Callable[[], None]] = {
    "nothing": lambda: None,
    "everything": lambda: setattr(torch.backends, "fp32_precision", "tf32"),
    "convolutions": lambda: setattr(torch.backends.cudnn.conv, "fp32_precision", "ieee"),
    "all of a gpu": lambda: setattr(torch.backends.cudnn, "fp32_precision", "tf32"),
    "products": lambda: setattr(torch.backends.cuda.matmul, "fp32_precision", "tf32"),
    "products by an older name": lambda: torch.set_float32_matmul_precision("medium"),
    "products by the oldest name": lambda: setattr(torch.backends.cuda.matmul, "allow_tf32", True),
    "algorithms": lambda: setattr(torch.backends.cudnn, "benchmark", True),
}
"""What the program of a user may have set before it calls us."""


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=list(PROGRAMS))
@pytest.mark.parametrize("tf32", [True, False])
def test_arithmetic_is_as_said_within_and_as_it_was_after(
    program: Callable[[], None], tf32: bool, fresh_switches: None
) -> None:
    program()
    before = switches(), older_switches()
    said = Switches(*(("tf32" if tf32 else "ieee",) * 3), *(("ieee",) * 3), deterministic=True, search=False)
    with Numerics(tf32=tf32).active(CPU):
        assert switches() == said
    assert (switches(), older_switches()) == before
    with pytest.raises(KeyError), Numerics(tf32=tf32).active(CPU):
        raise KeyError
    assert (switches(), older_switches()) == before


def test_operations_follow_the_general_precision_again_afterwards(fresh_switches: None) -> None:
    torch.backends.fp32_precision = "tf32"
    with Numerics().active(CPU):
        pass
    torch.backends.fp32_precision = "ieee"
    assert switches()[:6] == ("ieee",) * 6


def test_float32_is_no_part_of_a_programs_own_reduced_precision() -> None:
    layer = nn.Linear(2, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16), Numerics().active(CPU):
        assert layer(torch.ones(1, 2)).dtype == torch.float32


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_layers_compute_in_the_precision(precision: Any) -> None:
    layer = nn.Linear(2, 2)
    with Numerics(precision=precision).active(CPU):
        assert layer(torch.ones(1, 2)).dtype == getattr(torch, precision)
    assert layer(torch.ones(1, 2)).dtype == torch.float32


def test_reduced_precision_sees_every_change_of_the_weights() -> None:
    layer = nn.Linear(2, 2, bias=False)
    nn.init.ones_(layer.weight)
    with Numerics(precision="bfloat16").active(CPU):
        before = layer(torch.ones(1, 2))
        with torch.no_grad():
            layer.weight.add_(1)
        assert torch.equal(layer(torch.ones(1, 2)), before + 2)


@pytest.mark.parametrize("channels_last", [True, False])
def test_weights_are_brought_into_the_memory_format(channels_last: bool) -> None:
    model = network(channels=3)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    Numerics(channels_last=channels_last).prepare(model)
    assert model[3].weight.is_contiguous(memory_format=torch.channels_last) == channels_last
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def trained(numerics: dict[str, Any], epochs: int, recipe: str = "short-sat") -> tuple[Trainer, list[float]]:
    steps = plan({"name": recipe, "numerics": numerics}, epochs=epochs)
    training = Trainer(network(channels=3), coloured(TRAINING), steps, 0)
    return training, [point["loss"] for point in training.epochs()]


def test_memory_formats_agree_to_rounding() -> None:
    (last, one), (first, other) = (trained({"channels_last": format_}, 1) for format_ in (True, False))
    assert one == pytest.approx(other, rel=1e-3)
    for a, b in zip(last.model.parameters(), first.model.parameters(), strict=True):
        assert torch.allclose(a, b, rtol=0.05, atol=5e-3)


def test_bfloat16_follows_float32() -> None:
    _, exact = trained({}, 3, "standard")
    _, rounded = trained({"precision": "bfloat16"}, 3, "standard")
    assert rounded != exact
    assert rounded == pytest.approx(exact, rel=0.03)


@pytest.mark.slow
def test_bfloat16_is_as_robust_within_the_noise() -> None:
    robust = []
    for precision in ("float32", "bfloat16"):
        training = Trainer(network(), TRAINING, plan({"name": "short-sat", "numerics": {"precision": precision}}, 8), 0)
        list(training.epochs())
        robust.append(accuracies(training.result)[1])
    share = sum(robust) / 2
    # Three standard errors of the difference of two shares of these images.
    assert share > 0.5
    assert abs(robust[0] - robust[1]) < 3 * math.sqrt(2 * share * (1 - share) / len(SEARCH_VAL))


def test_bfloat16_ends_at_the_logits(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[torch.dtype] = []
    real = torch.nn.functional.cross_entropy

    def watched(logits: Tensor, *others: Any, **options: Any) -> Tensor:
        seen.append(logits.dtype)
        return real(logits, *others, **options)

    monkeypatch.setattr(torch.nn.functional, "cross_entropy", watched)
    model = network()
    inside: list[torch.dtype] = []
    model[-1].register_forward_hook(lambda _module, _inputs, output: inside.append(output.dtype))
    recipe = {
        "name": "sat",
        "numerics": {"precision": "bfloat16"},
        "averaging": {"name": "ema", "decay": 0.9},
        "overfitting_guard": 0.9,
    }
    training = Trainer(model, TRAINING.first(100), plan(recipe, 1, 50, attack_steps=2), 0)
    # What is looked at before an epoch is in float32.
    inside.clear()
    list(training.epochs())
    assert set(seen) == {torch.float32}
    assert set(inside) == {torch.bfloat16}
    kept = {name: tensor.dtype for name, tensor in training.state().items() if tensor.is_floating_point()}
    assert {dtype for name, dtype in kept.items() if name != "guarded_accuracy"} == {torch.float32}
    assert training.result(TRAINING.images(slice(2))).dtype == torch.float32


@pytest.mark.gpu
@pytest.mark.filterwarnings("default:`torch.jit.script_method` is deprecated:DeprecationWarning")
@pytest.mark.parametrize(
    "numerics",
    [
        {},
        {"channels_last": False},
        {"tf32": True},
        {"precision": "bfloat16"},
        {"cuda_graphs": True},
        {"cuda_graphs": True, "precision": "bfloat16", "tf32": True},
        pytest.param({"compile": True}, marks=pytest.mark.slow),
        pytest.param({"compile": True, "precision": "bfloat16", "cuda_graphs": True}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_every_switch_trains_on_a_gpu_as_on_a_cpu(numerics: dict[str, Any]) -> None:
    recipe = {"name": "short-sat", "numerics": numerics, "averaging": {"name": "ema", "decay": 0.9}}
    steps = plan(recipe, epochs=8, attack_steps=3, attack_step="1/2")
    training = Trainer(network().cuda(), TRAINING.to("cuda"), steps, 0)
    losses = [point["loss"] for point in training.epochs()]
    slow = Trainer(network(), TRAINING, plan("short-sat", epochs=8, attack_steps=3, attack_step="1/2"), 0)
    assert losses[0] == pytest.approx(next(iter(slow.epochs()))["loss"], rel=0.05)
    assert losses[-1] < losses[0]
    clean, robust = accuracies(training.result.cpu())
    assert clean > 0.8
    assert robust > 0.5


@pytest.mark.slow
@pytest.mark.filterwarnings("default:`torch.jit.script_method` is deprecated:DeprecationWarning")
def test_a_compiler_that_misses_tensor_cores_does_not_warn() -> None:
    Trainer(network(), TRAINING.first(8), plan({"name": "sat", "numerics": {"compile": True}}, 1, 8), 0)
    # As torch does where it compiles for a GPU that has them.
    warnings.warn(
        "TensorFloat32 tensor cores for float32 matrix multiplication available but not enabled.", stacklevel=1
    )


@pytest.mark.parametrize(("capability", "is_slow"), [("AVX2", True), ("AVX512", False)])
def test_bfloat16_without_instructions_for_it_is_said_to_be_slow(
    monkeypatch: pytest.MonkeyPatch, capability: str, is_slow: bool
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert ("no instructions for bfloat16" in Numerics(precision="bfloat16").speed_note("cpu")) is is_slow
    assert Numerics().speed_note("cpu") == ""
