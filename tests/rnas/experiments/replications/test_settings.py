from dataclasses import replace
from pathlib import Path

import pytest

import rnas
from rnas.errors import InputError
from rnas.experiments.replications._resolve import resolve_settings
from rnas.experiments.replications.design import find
from rnas.experiments.replications.run import ReplicationRun
from tests.rnas.data.cifar_files import write_cifar10


def test_digits_are_quick_and_small_and_other_data_are_as_in_the_paper(tmp_path: Path) -> None:
    digits = resolve_settings("depth-grid")
    assert (digits.capacity, digits.training.recipe.name, digits.training.fidelity.epochs) == ("small", "short-sat", 4)
    write_cifar10(tmp_path, 20, 20)
    paper = resolve_settings("depth-grid", data="cifar10", data_dir=tmp_path)
    assert (paper.capacity, paper.training.recipe.name, paper.training.fidelity.epochs) == ("paper", "bat", 100)
    assert resolve_settings("robust-wrn-depths", data="cifar10", data_dir=tmp_path).training.recipe.name == "sat"
    assert resolve_settings("depth-grid", recipe="n-fgsm").training.fidelity.attack_steps is None


def test_what_is_kept_is_what_is_read(tmp_path: Path) -> None:
    settings = resolve_settings("activations", eps="1/10", epochs=3, images=100, base_channels=(2, 4, 8))
    read = ReplicationRun.open(ReplicationRun.create(settings, tmp_path / "replication").path).settings
    assert read == settings
    assert read.fingerprint == settings.fingerprint


def test_seeds_may_grow_and_nothing_else_may_change() -> None:
    settings = resolve_settings("depth-grid")
    assert settings.model_copy(update={"seeds": 9}).fingerprint == settings.fingerprint
    assert resolve_settings("depth-grid", epochs=5).fingerprint != settings.fingerprint
    assert resolve_settings("depth-grid", cells=9).fingerprint != settings.fingerprint


def test_a_cell_s_recipe_is_the_replication_s_but_for_its_changes() -> None:
    settings = resolve_settings("activations")
    changed = settings.evaluator_settings({"weight_decay": 1e-4}).train.recipe
    assert changed == settings.training.recipe.model_copy(update={"weight_decay": 1e-4})
    assert settings.evaluator_settings({"name": "aat", "extra_fraction": 0.0}).train.recipe.name == "aat"
    with pytest.raises(InputError, match=r"replication activations: .*weight_decay"):
        settings.evaluator_settings({"weight_decay": -1})


def test_a_design_that_is_not_registered_is_given_again(tmp_path: Path) -> None:
    own = replace(find("depth-grid"), name="my-grid")
    path = ReplicationRun.create(resolve_settings(own), tmp_path / "replication").path
    with pytest.raises(InputError, match="my-grid"):
        rnas.resume(path)
    with pytest.raises(InputError, match="is of my-grid, not depth-grid"):
        rnas.resume(path, replication=find("depth-grid"))
    run = ReplicationRun.open(path)
    run.supply(replication=own)
    assert run.cells == ReplicationRun(path, resolve_settings("depth-grid")).cells
