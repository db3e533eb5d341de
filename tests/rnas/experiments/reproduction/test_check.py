from typing import Any

import pytest

from rnas.data.fidelity import Fidelity
from rnas.experiments.reproduction._check import (
    as_recorded,
    circumstances,
    compared,
    data_checks,
    network_checks,
    recipe_check,
)
from rnas.networks import architecture as arch
from rnas.networks.residual import ResidualNetwork
from rnas.training.recipe import Recipe
from rnas.utils.provenance import device_name, json_hash, processor, versions

NETWORK = ResidualNetwork(depths=(1, 1), channels=(4, 8), stem_width=4)
SHAPE = (1, 8, 8)


def training(**changes: Any) -> dict[str, Any]:
    parts = {
        "recipe": Recipe.resolve("sat").model_dump(mode="json"),
        "fidelity": Fidelity(epochs=2, batch_size=50).model_dump(mode="json"),
        "epsilon": "1/10",
        "augmentation": [],
        **changes,
    }
    return {**parts, "recipe_hash": json_hash(parts)}


def test_a_network_has_its_key_and_its_costs() -> None:
    cost = NETWORK.cost(SHAPE, 10)
    recorded = {"params": float(cost.params), "flops": float(cost.flops), "clean_accuracy": 0.5}
    checks = network_checks(arch.key(NETWORK), NETWORK, recorded, SHAPE, 10)
    assert [(check.name, check.same) for check in checks] == [("key", True), ("params", True), ("flops", True)]
    key, params, flops = network_checks("0" * 12, NETWORK, {**recorded, "flops": cost.flops - 1}, SHAPE, 10)
    assert key.refutes
    assert not params.refutes
    assert flops.refutes
    assert flops.found == f"{cost.flops:,}"
    assert [check.name for check in network_checks(arch.key(NETWORK), NETWORK, {}, SHAPE, 10)] == ["key"]


def test_what_was_not_recorded_refutes_nothing() -> None:
    check = compared("weights", None, "ab12")
    assert (check.same, check.refutes, check.recorded) == (None, False, "")


def test_a_recipe_is_the_recorded_one() -> None:
    assert recipe_check(training(), training()).same is True
    assert recipe_check(training(epsilon="2/10"), training()).refutes
    assert recipe_check(training(fidelity={"epochs": 3, "batch_size": 50}), training()).refutes


def test_a_recipe_that_was_changed_in_the_record_is_found_by_its_hash() -> None:
    changed = {**training(), "epsilon": "2/10"}
    check = recipe_check(changed, training(epsilon="2/10"))
    assert check.refutes
    assert "of the recorded recipe" in check.found


def test_fields_that_recipes_got_since_are_no_difference() -> None:
    old = training()["recipe"]
    assert old.pop("clip_norm", "absent") is None
    assert old.pop("l1") == 0
    recorded = training(recipe={**old, "clip_norm": None}, fidelity={"epochs": 2, "batch_size": 50})
    assert recorded["recipe_hash"] != training()["recipe_hash"]
    assert recipe_check(recorded, training()).same is True


def test_versions_device_and_processor_decide_whether_numbers_have_to_be_equal() -> None:
    here = {"versions": dict(versions()), "device": device_name("cpu"), "processor": processor("cpu")}
    assert as_recorded(circumstances(here, "cpu"))
    older = {**here, "versions": {**versions(), "torch": "1.0", "gone": "2"}}
    checks = circumstances(older, "cpu")
    assert not as_recorded(checks)
    assert checks[0].recorded == "torch 1.0, gone 2"
    assert checks[0].found == f"torch {versions()['torch']}, gone none"
    assert not any(check.refutes for check in checks)


@pytest.mark.parametrize("missing", ["versions", "device", "processor"])
def test_equal_numbers_are_not_expected_where_the_record_does_not_say(missing: str) -> None:
    here = {"versions": dict(versions()), "device": device_name("cpu"), "processor": processor("cpu")}
    del here[missing]
    assert not as_recorded(circumstances(here, "cpu"))


@pytest.mark.parametrize("digest", ["hash", "sha256"])
def test_extra_images_are_the_recorded_ones(digest: str) -> None:
    def data(extra: Any) -> dict[str, Any]:
        return {"hash": "ab", "extra": extra}

    ours, others = {digest: "12", "images": 5, "file": "a"}, {digest: "34", "images": 5, "file": "a"}
    assert [(check.name, check.same) for check in data_checks(data(None), data(None))] == [("data", True)]
    assert data_checks(data(ours), data({**ours, "file": "b"}))[1].same is True
    for recorded, here in ((ours, others), (ours, None), (None, ours)):
        assert [check.name for check in data_checks(data(recorded), data(here)) if check.refutes] == ["extra data"]
    assert [check.same for check in data_checks({"hash": "ab"}, data(ours))] == [True, None]
