"""The training of a supernet: paths, rates, decay, resuming."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from rnas.data.dataset import Split
from rnas.data.fidelity import Fidelity
from rnas.errors import InputError
from rnas.nas.supernet.statistics import measure_statistics, statistics_cost
from rnas.nas.supernet.supernet import Supernet
from rnas.nas.supernet.trainer import SupernetTrainer, paths_per_step, sampled, supernet_cost
from rnas.networks import architecture as arch
from rnas.networks.residual import ResidualNetwork
from rnas.training.plan import Plan
from rnas.training.recipe import Recipe
from search_spaces.nas_bench_201 import NASBench201
from search_spaces.robust_resnet import RobustResNetSpace


def narrow_space() -> RobustResNetSpace:
    settings: dict[str, Any] = {
        "base_channels": (2, 4, 8),
        "depths": (1, 2),
        "widths": (1, 2, 3),
        "stem_width": (4,),
        "upsample": 1,
        "topology": ("basic",),
        "order": ("pre",),
        "kernel_size": (3,),
        "cardinality": (1,),
        "scales": (1,),
        "squeeze_excitation": ("none",),
        "activation": ("relu",),
        "normalization": ("batch",),
    }
    return RobustResNetSpace(RobustResNetSpace.Settings(**settings), (1, 8, 8), 10)


@pytest.fixture
def split() -> Split:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 17, (24, 1, 8, 8), generator=generator).to(torch.uint8)
    return Split(pixels, torch.arange(24) % 10, torch.arange(24), 16)


def plan_of(recipe: Any = "short-sat", **fidelity: Any) -> Plan:
    values = {"epochs": 2, "batch_size": 8, "attack_steps": 1, "attack_step": "1", **fidelity}
    return Plan(Recipe.resolve(recipe), Fidelity(**values), Fraction(1, 10), 10)


def test_a_training_that_is_continued_ends_with_the_same_weights(split: Split) -> None:
    space, plan = narrow_space(), plan_of()
    whole = Supernet(space)
    rows = list(SupernetTrainer(whole, split, plan, 5, "sandwich").epochs())
    assert [row["epoch"] for row in rows] == [1, 2]
    first = Supernet(space)
    training = SupernetTrainer(first, split, plan, 5, "sandwich")
    next(training.epochs())
    state = {name: tensor.clone() for name, tensor in training.state().items()}
    second = Supernet(space, seed=9)
    resumed = SupernetTrainer(second, split, plan, 5, "sandwich")
    resumed.load(state)
    [row] = resumed.epochs()
    assert {**row, "seconds": 0} == {**rows[1], "seconds": 0}
    for name, weight in whole.weights.items():
        assert torch.equal(weight, second.weights[name])
        assert not torch.equal(weight, first.weights[name]) or name not in state


def test_the_sandwich_has_both_ends_of_the_widths() -> None:
    space = narrow_space()
    drawn, widest, narrowest = sampled(space, "sandwich", [1, 2])
    assert sampled(space, "uniform", [1, 2]) == [drawn]
    networks = [one for one in (drawn, widest, narrowest) if isinstance(one, ResidualNetwork)]
    assert [one.channels for one in networks[1:]] == [(6, 12, 24), (2, 4, 8)]
    assert len({one.depths for one in networks}) == 1
    assert paths_per_step(space, "sandwich") == 3
    cells = NASBench201(NASBench201.Settings(channels=2, cells=1), (1, 8, 8), 10)
    assert len(sampled(cells, "sandwich", [1])) == paths_per_step(cells, "sandwich") == 1


def test_paths_are_drawn_uniformly_within_the_bands() -> None:
    space = narrow_space()
    keys = {arch.key(sampled(space, "uniform", [0, step])[0]) for step in range(40)}
    assert len(keys) > 20
    banded = RobustResNetSpace(
        space.settings.model_copy(update={"flops": type(space.settings.flops)(0, 60_000)}), (1, 8, 8), 10
    )
    costs = [sampled(banded, "uniform", [0, step])[0].cost((1, 8, 8), 10).flops for step in range(10)]
    assert max(costs) <= 60_000


def test_what_no_path_has_stays_and_normalisation_decays_as_the_recipe_says(split: Split) -> None:
    space = NASBench201(NASBench201.Settings(channels=2, cells=1), (1, 8, 8), 10)
    supernet = Supernet(space)
    before = {name: weight.detach().clone() for name, weight in supernet.weights.items()}
    step = plan_of(epochs=1, images=8)
    list(SupernetTrainer(supernet, split, step, 0).epochs())
    [architecture] = sampled(space, "uniform", [6_151, 0, 0])
    on_path = {shared for _, shared, _ in supernet.path(architecture).parts}
    moved = {name for name, weight in supernet.weights.items() if not torch.equal(weight, before[name])}
    assert moved <= on_path
    assert {"stem.0.weight", "classifier.weight"} <= moved


def test_counted_images_and_recipes_that_cannot_be(split: Split) -> None:
    space, plan = narrow_space(), plan_of()
    # Two epochs of 24 images, one step of the attack, three paths.
    cost = supernet_cost(plan, len(split), "sandwich", space)
    assert (cost.images_forward, cost.images_backward) == (2 * 24 * 2 * 3,) * 2
    for recipe in ("free", "sat-awp", {"name": "short-sat", "averaging": {"name": "ema", "decay": 0.9}}):
        with pytest.raises(InputError, match="a supernet cannot"):
            SupernetTrainer(Supernet(space), split, plan_of(recipe, attack_steps=None, attack_step=None), 0)


def test_statistics_are_those_of_the_adversarial_images(split: Split) -> None:
    space, plan = narrow_space(), plan_of(batch_size=24)
    architecture = space.decode(np.zeros(len(space.sizes), dtype=np.int64))
    network = Supernet(space).standalone(architecture)
    means = dict(network.named_buffers())
    assert float(means["norm1.running_mean"].abs().sum()) == 0
    measure_statistics(network, split, plan, 0)
    measured = means["norm1.running_mean"].clone()
    attack = plan.inner_attack.attack(plan.epsilon)  # type: ignore[union-attr]
    clean = Supernet(space).standalone(architecture)
    measure_statistics(clean, split, plan_of("standard", batch_size=24, attack_steps=None, attack_step=None), 0)
    adversarial = attack(clean, split.images(slice(None)), split.labels, split.ids, 0)
    seen: list[torch.Tensor] = []
    network.get_submodule("norm1").register_forward_pre_hook(lambda _module, args: seen.append(args[0]))
    network.train()(adversarial)
    torch.testing.assert_close(seen[0].mean((0, 2, 3)), measured, atol=1e-5, rtol=1e-3)
    cost = statistics_cost(plan, len(split))
    assert (cost.images_forward, cost.images_backward) == (3 * 24, 24)
