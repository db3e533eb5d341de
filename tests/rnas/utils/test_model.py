"""Models that are made from Python name what is wrong in one line, as config files do."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from rnas.data.fidelity import Fidelity
from rnas.data.splits import SplitSizes
from rnas.errors import InputError
from rnas.evaluation.training_settings import TrainingSettings
from rnas.nas.config import SearchConfig
from rnas.nas.evaluators.table import TableSettings
from rnas.nas.objective import Objective
from rnas.training.averaging import EMA
from rnas.training.inner_attack import PGDInner
from rnas.training.recipe import Recipe
from rnas.training.recipes.sat import SAT
from search_spaces.robust_resnet import RobustResNetSettings

SAT_FIELDS = SAT.model_dump()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Recipe(**SAT_FIELDS, lr=1), "Recipe: lr: unknown key; it has name, source"),
        (lambda: Recipe(**{**SAT_FIELDS, "momentum": 2}), "Recipe: momentum: input should be less than 1, not 2"),
        (lambda: Recipe(**{**SAT_FIELDS, "loss": {"name": "mart", "beta": -1}}), "Recipe: loss.mart.beta: input "),
        (lambda: PGDInner(steps=0, step=Fraction(1)), "PGDInner: steps: input should be greater than 0, not 0"),
        (lambda: PGDInner(steps=2), "PGDInner: step: Field required"),
        (lambda: Fidelity(epochs=0, batch_size=1), "Fidelity: epochs: "),
        (lambda: SplitSizes(search_val=1, test=0), "SplitSizes: test: "),
        (lambda: EMA(decays=1), "EMA: decays: unknown key; it has name, "),
        (lambda: Objective(metric="flops", direction="up"), "Objective: direction: "),
        (lambda: TrainingSettings(recipe={"name": "sat", "lr": 1}), "TrainingSettings: recipe.lr: unknown key"),
        (lambda: TableSettings(), "TableSettings: table: "),
        (lambda: RobustResNetSettings(stages=5), "RobustResNetSettings: stages: "),
        (lambda: SearchConfig(budget=0), "SearchConfig: budget: "),
    ],
)
def test_a_wrong_field_is_named_in_one_line(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
