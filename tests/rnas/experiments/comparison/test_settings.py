from pathlib import Path

import pytest

from rnas.errors import InputError
from rnas.experiments.comparison._resolve import resolve_settings
from rnas.experiments.comparison.run import Comparison
from tests.rnas.experiments.comparison.records import settings, small


def test_what_is_kept_is_what_is_read(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    read = Comparison.open(Comparison.create(chosen, tmp_path / "comparison").path).settings
    assert read == chosen
    assert read.fingerprint == chosen.fingerprint


def test_what_a_recipe_goes_without_is_kept_too(tmp_path: Path) -> None:
    chosen = resolve_settings(
        [small(tmp_path), "resnet-18"], flops="2M", data="digits", recipe={"name": "sat", "clip_norm": 5.0}
    )
    without = {"name": "short-sat", "clip_norm": None}
    without_clipping = resolve_settings([small(tmp_path), "resnet-18"], flops="2M", data="digits", recipe=without)
    for name, one, norm in (("with", chosen, 5.0), ("without", without_clipping, None)):
        read = Comparison.open(Comparison.create(one, tmp_path / name).path).settings
        assert read.training.recipe.clip_norm == norm
        assert read == one


def test_seeds_may_grow_and_nothing_else_may_change(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    assert chosen.model_copy(update={"seeds": 5}).fingerprint == chosen.fingerprint
    fewer = chosen.model_copy(update={"networks": chosen.networks[:2]})
    assert fewer.fingerprint != chosen.fingerprint


def test_what_a_search_has_cost_decides_nothing(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    cost = {"images_forward": 10, "images_backward": 20, "device_seconds": 3.5}
    first = chosen.networks[0].model_copy(update={"search_cost": cost})
    known = chosen.model_copy(update={"networks": (first, *chosen.networks[1:])})
    assert known.fingerprint == chosen.fingerprint
    read = Comparison.open(Comparison.create(known, tmp_path / "comparison").path).settings
    assert read.networks[0].search_cost == cost
    assert read.networks[1].search_cost is None


def test_what_is_planned_is_for_life(tmp_path: Path) -> None:
    plain = settings(tmp_path)
    chosen = settings(tmp_path, until_decided=5, tune=3)
    assert len({one.fingerprint for one in (plain, chosen, settings(tmp_path, tune=3))}) == 3
    for changed in ({"seeds": 3}, {"until_decided": 6}, {"tuning": None}):
        assert chosen.model_copy(update=changed).fingerprint != chosen.fingerprint
    assert (chosen.most_seeds, plain.most_seeds) == (5, 2)
    for given in ({"attacked_images": 100}, {"flags": False}):
        assert settings(tmp_path, **given).fingerprint != plain.fingerprint


def test_all_are_trained_alike_but_for_network_and_seed(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    one, other = (
        chosen.training.training_of(name, chosen.networks[row].architecture, row, "cpu")
        for row, name in enumerate("ab")
    )
    assert one.recipe_hash == other.recipe_hash
    assert one.images == other.images
    assert (one.seed, other.seed) == (0, 1)


def test_bad_settings_are_told_in_one_line(tmp_path: Path) -> None:
    words = [small(tmp_path), "resnet-18"]
    for given, message in (
        ({"seeds": 1}, "compare: seeds: input should be greater than or equal to 2, not 1"),
        ({"flops": 0}, "above zero"),
        ({"attacks": ("pgd20", "no-such")}, "unknown attack 'no-such'"),
        ({"recipe": "no-such"}, "no-such"),
        ({"until_decided": 3}, "give more than the 3 seeds that all have"),
        ({"tune": 1}, "compare: tuning.trials: input should be greater than or equal to 2"),
        ({"tune_epochs": 2}, "such as tune=8"),
        ({"attacked_images": 1000}, "attacked_images 1000: digits has 450 to attack; give at most 450"),
    ):
        with pytest.raises(InputError, match=message) as error:
            resolve_settings(words, **{"flops": "2M", "data": "digits", "recipe": "short-sat", **given})
        assert "\n" not in str(error.value)
