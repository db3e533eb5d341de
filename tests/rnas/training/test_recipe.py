from fractions import Fraction
from typing import Any

import pytest

from rnas import registry
from rnas.data.fidelity import Fidelity
from rnas.errors import InputError
from rnas.testing.recipe import RecipeConformance
from rnas.training.averaging import SWA
from rnas.training.inner_attack import FreeAT, PGDInner
from rnas.training.losses.mart import MART
from rnas.training.losses.trades import TRADES
from rnas.training.recipe import Recipe

NAMES = registry.names(registry.RECIPES)


class TestRegisteredRecipes(RecipeConformance):
    name: str

    @pytest.fixture(autouse=True, params=NAMES)
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.name = request.param

    def recipe(self) -> str:
        return self.name


def test_recipes_are_of_different_content() -> None:
    contents = [registry.load(registry.RECIPES, name).model_dump(exclude={"name", "source", "note"}) for name in NAMES]
    assert all(one not in contents[:n] for n, one in enumerate(contents))


@pytest.mark.parametrize(
    "field",
    [
        "statistics",
        "decay_normalization",
        "decay_biases",
        "clip_norm",
        "weight_decay",
        "nesterov",
        "momentum",
        "schedule",
    ],
)
def test_what_papers_disagree_on_every_recipe_says(field: str) -> None:
    assert Recipe.model_fields[field].is_required()
    content = registry.load(registry.RECIPES, "bat").model_dump(mode="json")
    with pytest.raises(InputError, match=field):
        Recipe(**{name: value for name, value in content.items() if name != field})


def test_a_part_keeps_what_is_not_set() -> None:
    bat = Recipe.resolve("bat")
    assert Recipe.resolve({"name": "bat", "loss": {"beta": 1}}).loss == TRADES(beta=1)
    assert Recipe.resolve({"name": "bat", "loss": {"name": "trades"}}) == bat
    inner_attack = Recipe.resolve({"name": "bat", "inner_attack": {"steps": 7}}).inner_attack
    assert isinstance(bat.inner_attack, PGDInner)
    assert inner_attack == bat.inner_attack.model_copy(update={"steps": 7})
    perturbation = Recipe.resolve({"name": "trades-awp", "weight_perturbation": {"gamma": 0.01}}).weight_perturbation
    assert perturbation is not None
    assert (perturbation.gamma, perturbation.start) == (0.01, 0.045)
    assert Recipe.resolve({"name": "aat", "numerics": {"precision": "bfloat16"}}).numerics.channels_last


def test_a_part_of_another_kind_takes_its_place() -> None:
    assert Recipe.resolve({"name": "bat", "loss": {"name": "mart"}}).loss == MART()
    assert Recipe.resolve({"name": "bat", "loss": {"name": "mart", "beta": 5}}).loss == MART(beta=5)
    assert Recipe.resolve({"name": "aat", "averaging": {"name": "swa"}}).averaging == SWA()
    assert Recipe.resolve({"name": "sat", "inner_attack": {"name": "free-at", "replays": 4}}).inner_attack == FreeAT(
        replays=4
    )
    assert Recipe.resolve({"name": "aat", "averaging": None}).averaging is None


def test_other_fields_stay() -> None:
    changed = Recipe.resolve({"name": "bat", "weight_decay": 0.0, "loss": {"beta": 1}, "augmentation": ["crop"]})
    kept = {"weight_decay", "loss", "augmentation"}
    assert changed.model_dump(exclude=kept) == Recipe.resolve("bat").model_dump(exclude=kept)
    assert changed.augmentation == ("crop",)


def test_unknown_recipes_are_refused() -> None:
    with pytest.raises(InputError, match=f"unknown recipe 'satt'; known: {', '.join(NAMES)}"):
        Recipe.resolve("satt")
    with pytest.raises(InputError, match="write a name, or"):
        Recipe.resolve(7)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"lr": 1}, ("lr",)),
        ({"loss": {"gamma": 1}}, ("loss", "trades", "gamma")),
        ({"loss": {"name": "tradess"}}, ("loss",)),
        ({"inner_attack": {"step_size": "2/255"}}, ("inner_attack", "pgd", "step_size")),
        ({"schedule": {"milestones": ["3/4", 90]}}, ("schedule", "multistep", "milestones", 1)),
        ({"learning_rate": 0}, ("learning_rate",)),
        ({"extra_fraction": 1}, ("extra_fraction",)),
        ({"label_smoothing": 1.0}, ("label_smoothing",)),
        ({"statistics": "clean"}, ("statistics",)),
        ({"numerics": {"precision": "float16"}}, ("numerics", "precision")),
        ({"overfitting_guard": 0}, ("overfitting_guard",)),
    ],
)
def test_what_is_unknown_or_out_of_range_is_refused_once_and_named(
    change: dict[str, Any], place: tuple[Any, ...]
) -> None:
    with pytest.raises(InputError, match=rf"^bats: {'.'.join(map(str, place))}[:.][^\n]*$"):
        Recipe.resolve({"name": "bat", **change}, "bats")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "mart", "cutmix": 1.0}, "cutmix makes soft targets, and loss mart needs classes"),
        ({"name": "sat", "cutmix": 1.0, "inner_attack": {"loss": "margin"}}, "inner_attack.loss margin needs classes"),
        ({"name": "trades", "inner_attack": {"name": "free-at", "replays": 4}}, "replays train on one gradient"),
        ({"name": "free", "loss": {"name": "mart"}}, "replays train on one gradient"),
        ({"name": "free", "weight_perturbation": {"gamma": 0.01}}, "replays train on one gradient"),
        ({"name": "free", "statistics": "both"}, "set statistics to adversarial"),
        ({"name": "trades", "inner_attack": None}, "loss trades compares clean and adversarial images"),
        ({"name": "sat", "nesterov": True, "momentum": 0}, "nesterov needs momentum above 0"),
        ({"name": "sat", "augmentation": ["crop", "mixup"]}, "unknown augmentation 'mixup'; known: crop, flip"),
        ({"name": "aat", "numerics": {"cuda_graphs": True}}, "needs gradient steps in eval mode"),
        ({"name": "aat", "activation": "relux"}, "unknown activation 'relux'; known: relu"),
    ],
)
def test_contradictions_are_refused_in_one_line(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^[^\n]*{message}[^\n]*$"):
        Recipe.resolve(change)


def test_a_fidelity_may_attack_more_cheaply() -> None:
    sat = Recipe.resolve("sat")
    assert sat.inner_attack_at(Fidelity(epochs=1, batch_size=8)) == sat.inner_attack
    cheaper = sat.inner_attack_at(Fidelity(epochs=1, batch_size=8, attack_steps=3, attack_step=Fraction(1, 2)))
    assert cheaper == PGDInner(steps=3, step=Fraction(1, 2))
    assert sat.inner_attack_at(Fidelity(epochs=1, batch_size=8, attack_steps=3)) == PGDInner(
        steps=3, step=Fraction(1, 4)
    )


@pytest.mark.parametrize("name", ["standard", "free"])
def test_there_is_no_cheaper_form_of_no_steps(name: str) -> None:
    with pytest.raises(InputError, match=f"but {name} has none"):
        Recipe.resolve(name).inner_attack_at(Fidelity(epochs=1, batch_size=8, attack_steps=3))


@pytest.mark.parametrize(
    "overrides",
    [
        {"clip_norm": None},
        {"loss": {"beta": 3.0}, "clip_norm": 5.0},
        {"loss": {"name": "cross-entropy"}},
        {"averaging": {"name": "ema", "decay": 0.9}, "batch_size": 7},
    ],
)
def test_overrides_make_the_recipe_again(overrides: dict[str, Any]) -> None:
    changed = Recipe.resolve({"name": "trades", **overrides})
    assert Recipe.resolve({"name": "trades", **changed.overrides}) == changed
    assert changed.overrides.keys() <= overrides.keys()


def test_changes_are_what_is_set_otherwise_than_registered() -> None:
    assert Recipe.resolve("short-sat").changes == {}
    # What a description leaves out is None in the overrides.
    without = Recipe.resolve({"name": "liu", "optimizer": None, "schedule": {"length": None}})
    assert without.overrides == {"optimizer": None, "schedule": {"length": None}}
    assert Recipe.resolve({"name": "liu", **without.overrides}) == without
    assert not {"optimizer", "drop_path"} & Recipe.resolve("sat").model_dump(mode="json").keys()
    changed = Recipe.resolve({"name": "short-sat", "batch_size": 32, "inner_attack": {"steps": 3, "step": "1/2"}})
    assert changed.overrides == {"batch_size": 32, "inner_attack": {"steps": 3, "step": "1/2"}}
    assert changed.changes == {"batch_size": 32, "inner_attack.steps": 3, "inner_attack.step": "1/2"}
    without = Recipe.resolve({"name": "short-sat", "inner_attack": None, "averaging": {"name": "ema", "decay": 0.9}})
    assert without.overrides.keys() == {"inner_attack", "averaging"}
    assert without.changes["inner_attack"] is None
    assert (without.changes["averaging.name"], without.changes["averaging.decay"]) == ("ema", 0.9)


def test_remarks_say_how_statistics_differ_from_released_code_and_change_no_hash() -> None:
    for name in ("trades", "trades-awp", "rst"):
        recipe = Recipe.resolve(name)
        assert any("running statistics of batch normalisation" in text for text in recipe.remarks)
        assert "running statistics of batch" not in recipe.model_dump_json()
    assert Recipe.resolve("sat").remarks == ((Recipe.resolve("sat").note,) if Recipe.resolve("sat").note else ())
