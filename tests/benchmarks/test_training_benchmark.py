import importlib
import json
import math
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnas.data.dataset import Split
from rnas.data.fidelity import Fidelity
from rnas.networks.block import Block
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK
from rnas.networks.residual import ResidualNetwork
from rnas.training.plan import Plan
from rnas.training.recipes.sat import SAT
from rnas.training.trainer import Trainer
from rnas.utils.counter_noise import normal, uniform
from tests.arithmetic import FLOAT32, Recording

FOLDER = Path(__file__).parents[2] / "benchmarks" / "training"
SHAPE = (3, 16, 16)
IMAGES = 24


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a file of the benchmark by name, as it does itself."""
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module


def _split() -> Split:
    generator = torch.Generator().manual_seed(3)
    pixels = torch.randint(0, 256, (IMAGES, *SHAPE), generator=generator, dtype=torch.uint8)
    return Split(pixels, torch.arange(IMAGES) % 10, torch.arange(IMAGES), 255)


def _network(block: Block) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return ResidualNetwork((1, 1), (16, 32), (block,), stem_width=8).build(10, SHAPE)


@pytest.mark.parametrize("block", [Block(), ROBUST_RES_BLOCK], ids=lambda block: block.topology)
@pytest.mark.parametrize("recomputing", [False, True])
@pytest.mark.parametrize("name", ["trades-10", "sat-10", "fgsm-rs"])
def test_the_plain_loop_trains_as_ours_does(module: Any, name: str, recomputing: bool, block: Block) -> None:
    recipes, plain_loop = module("recipes"), module("plain_loop")
    recipe, split = recipes.RECIPES[name].model_copy(update={"schedule": SAT.schedule}), _split()
    draw = normal if recipe.inner_attack.noise == "gaussian" else uniform

    def noise(images: Tensor) -> Tensor:
        # Of seed 0 the noise of the first step has seed 0.
        return draw(0, split.ids, SHAPE)

    ours, plain, untrained = _network(block), _network(block), _network(block)
    plan = Plan(recipe, Fidelity(epochs=9, batch_size=IMAGES), recipes.EPSILON, 10)
    point = next(iter(Trainer(ours, split, plan, 0).epochs()))
    training = plain_loop.PlainTraining(plain, recipe, float(recipes.EPSILON), recomputing, noise=noise)
    images = split.images(slice(None))
    assert training.step(images, split.labels).item() == pytest.approx(point["loss"], rel=1e-4)
    with torch.no_grad():
        before, *after = (F.cross_entropy(model(images), split.labels).item() for model in (untrained, ours, plain))
    assert after[0] == pytest.approx(after[1], abs=0.02 * abs(after[0] - before))
    for key, tensor in plain.state_dict().items():
        moved = (tensor - untrained.state_dict()[key]).double().norm().item()
        assert (tensor - ours.state_dict()[key]).double().norm().item() <= 0.03 * moved + 1e-6, key


def test_the_loader_crops_and_flips(module: Any) -> None:
    split = _split()
    images = module("plain_loop").Images(split.pixels, split.labels)
    padded = F.pad(split.images(slice(None)), (4,) * 4)
    places = set()
    for _ in range(200):
        image, label = images[7]
        assert label == split.labels[7]
        (place,) = [
            (top, left, flipped)
            for top in range(9)
            for left in range(9)
            for flipped in (False, True)
            if torch.equal(image.flip(2) if flipped else image, padded[7, :, top : top + 16, left : left + 16])
        ]
        places.add(place)
    assert {top for top, _, _ in places} == {left for _, left, _ in places} == set(range(9))
    assert {flipped for _, _, flipped in places} == {False, True}


def test_passes_are_counted(module: Any) -> None:
    recipes: ModuleType = module("recipes")
    counted = {name: recipes.passes(recipe) for name, recipe in recipes.RECIPES.items()}
    # InnerAttack: two a step, and TRADES' clean prediction. Training: forward and two gradients, of one batch or two.
    assert counted == {"trades-10": 1 + 20 + 6, "sat-10": 20 + 3, "fgsm-rs": 2 + 3}
    assert recipes.passes(recipes.RECIPES["trades-10"], 3) == 1 + 6 + 6


def test_every_switch_is_timed_alone(module: Any) -> None:
    variants = module("variants")
    for device, least in (("cpu", 4), ("cuda", 6)):
        off, *others = (variant.numerics.model_dump() for variant in variants.alone(device, compiled=True))
        changed = [[name for name in off if off[name] != other[name]] for other in others]
        assert all(len(names) == 1 for names in changed)
        assert len({name for (name,) in changed}) == len(others) >= least
        every = [*variants.chosen(device), *variants.switches(device, "trades-10", compiled=True)]
        assert every[0] == variants.PLAIN
        assert len({variant.name for variant in every}) == len(set(every)) == len(every)


def test_accuracies_are_measured_in_float32(module: Any, monkeypatch: pytest.MonkeyPatch, fresh_switches: None) -> None:
    accuracy = module("accuracy")
    network = Recording(nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 10)))
    dataset: Any = SimpleNamespace(
        num_classes=10,
        input_shape=SHAPE,
        fidelity={"epochs": 1, "batch_size": 8},
        epsilon=Fraction(1, 10),
        augmentation=(),
    )
    monkeypatch.setattr(accuracy, "Trainer", lambda *given: SimpleNamespace(epochs=list, result=network))
    monkeypatch.setattr(accuracy, "STEPS", 1)
    torch.set_float32_matmul_precision("high")
    splits, architecture = dict.fromkeys(("train", "search_val", "test"), _split()), ResidualNetwork((1, 1), (4, 8))
    variant = module("variants").FLOAT32
    assert 0 <= accuracy._accuracy(architecture, dataset, splits, variant, 0, "cpu") <= 1
    assert network.seen == {FLOAT32}


SMALLEST = """
import sys
import accuracy, peak, scaling, throughput

sys.argv[0] = "throughput.py"
peak._RUNS, peak._SIDE, peak._CONVOLUTION = 2, {"cpu": 64}, {"cpu": (8, 8, 2)}
accuracy.STEPS = 3
scaling.DEPTHS, scaling.ATTACK_STEPS = (1, 2), (1,)
scaling.WIDTHS, scaling.BATCHES = {"cpu": (8,)}, {"cpu": (2,)}
whole = accuracy.divide
accuracy.divide = lambda *given: {name: split.first(200) for name, split in whole(*given).items()}
throughput.main()
"""
"""The command on fewer points of its curves, and on fewer images."""


@pytest.mark.slow
def test_it_runs_at_its_smallest(tmp_path: Path) -> None:
    command = [
        *("-c", SMALLEST, "--networks", "basic", "--recipes", "trades-10", "fgsm-rs", "--switches"),
        *(
            "--batch",
            "2",
            "--repetitions",
            "2",
            "--seconds",
            "0",
            "--seeds",
            "2",
            "--json",
            str(tmp_path / "found.json"),
        ),
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    printed = subprocess.run(
        [sys.executable, *command], cwd=FOLDER, env=environment, check=True, capture_output=True, text=True
    ).stdout
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["command"].startswith("python throughput.py --networks basic")
    assert {"date", "device", "versions", "settings", "peak", "minutes"} <= set(found)
    assert set(found["peak"]["at_start"]) == set(found["peak"]["at_end"]) == {"float32", "bfloat16"}

    rows = found["throughput"]
    chosen = ["plain", "plain again", "rnas float32", "rnas bfloat16"]
    assert [row["variant"] for row in rows] == chosen * 2
    assert [row["recipe"] for row in rows] == ["trades-10"] * 4 + ["fgsm-rs"] * 4
    assert not any("failed" in row for row in rows)
    for row in rows:
        assert row["variant"] in printed
        assert row["batch"] == 2
        assert row["steps_timed"] == 2
        seconds = row["seconds_per_step"]
        assert 0 < seconds["least"] <= seconds["median"]
        assert row["images_per_second"] == pytest.approx(2 / seconds["least"])
        assert row["extrapolated_epoch_seconds"] == pytest.approx(50_000 / row["images_per_second"])
        operations = {"trades-10": 27, "fgsm-rs": 5}[row["recipe"]] * 2 * row["flops"] * row["images_per_second"]
        assert row["share_of_peak"] == pytest.approx(operations / found["peak"]["at_start"][row["precision_of_peak"]])
        assert row["peak_bytes"] > 0
        speedup = row["speedup"]
        assert 0 < speedup["least"] <= speedup["median"] <= speedup["greatest"]
    assert all(rows[number]["speedup"]["median"] == 1 for number in (0, 4))
    assert [row["precision_of_peak"] for row in rows[:4]] == ["float32", "float32", "float32", "bfloat16"]

    assert {row["grows"] for row in found["scaling"]} == {"depth", "width", "batch", "attack_steps"}
    deep = [row["flops"] for row in found["scaling"] if row["grows"] == "depth"]
    assert deep == sorted(set(deep))
    assert [row["trainings"] for row in found["together"]] == [1, 2, 1, 2]
    for row in found["accuracy"]:
        assert len(row["robust_accuracy"]) == 2
        assert 0.1 < row["mean"] < 1
        assert row["difference"] == pytest.approx(row["mean"] - found["accuracy"][0]["mean"])
        assert math.isfinite(row["error_of_difference"])
