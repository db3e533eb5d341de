"""Settings of a tuning: read back as they were written, and refused where no trial could be."""

from pathlib import Path
from typing import Any

import pytest

from rnas.errors import InputError
from rnas.experiments.tuning.tuning import Tuning
from rnas.training.recipe import Recipe
from tests.rnas.experiments.tuning.tunings import settings


def test_they_read_back_as_they_were_written(tmp_path: Path) -> None:
    made = settings({"learning_rate": "0.1:1"})
    Tuning.create(made, tmp_path / "run")
    read = Tuning.open(tmp_path / "run").settings
    assert read == made
    assert read.fingerprint == made.fingerprint
    assert made.model_copy(update={"trials": 99}).fingerprint == made.fingerprint


def test_a_trial_is_the_training_with_other_values() -> None:
    made = settings(["learning_rate=0.1:1", "batch_size=20,40", "activation=null,silu"])
    trial = made.trial({"learning_rate": 0.3, "batch_size": 20, "activation": "silu"})
    assert (trial.recipe.learning_rate, trial.fidelity.batch_size, trial.fidelity.epochs) == (0.3, 20, 2)
    assert trial.architecture["blocks"] == [{"activation": "silu"}]
    assert made.trial({}) == made.training
    assert made.recipe_config({"learning_rate": 0.3})["learning_rate"] == 0.3
    assert Recipe.resolve(made.recipe_config({"learning_rate": 0.3})) == made.trial({"learning_rate": 0.3}).recipe


def test_published_values_outside_of_their_range_are_not_suggested() -> None:
    made = settings(["learning_rate=0.2:1", "momentum=0.9,0.95", "clip_norm=1:2"])
    assert made.published == {"momentum": 0.9}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"space": {}}, "tune: space: dictionary should have at least 1 item"),
        ({"space": ["momentum=0.5:2"]}, "tune: momentum=2.0: momentum: input should be less than 1"),
        ({"space": ["loss.name=cross-entropy,trades"], "recipe": "trades"}, "tune: loss.name=cross-entropy: loss"),
        ({"space": ["inner_attack.steps=2:5"], "fidelity": {"attack_steps": 1, "epochs": 1}}, "takes its place"),
        ({"sampler": "luck"}, "tune: sampler: unknown sampler 'luck'"),
        ({"pruner": "luck"}, "tune: pruner: input should be 'median', 'hyperband' or 'none'"),
        ({"trials": 0}, "tune: trials: input should be greater than 0"),
    ],
)
def test_what_no_trial_can_have_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        settings(**changes)
    assert message in str(caught.value)


def test_a_changed_file_is_told(tmp_path: Path) -> None:
    config = Tuning.create(settings(), tmp_path / "run").config
    config.write_text(config.read_text().replace("pruner: none", "pruner: luck"))
    with pytest.raises(InputError, match=r"config\.yaml: pruner: "):
        Tuning.open(tmp_path / "run")
    with pytest.raises(InputError, match="is not a tuning; it holds run"):
        Tuning.open(tmp_path)
