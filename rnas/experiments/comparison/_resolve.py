"""Resolve what a user gives to the settings of a comparison."""

from collections.abc import Sequence
from typing import Any

from rnas.data.loading import load_dataset
from rnas.errors import InputError
from rnas.evaluation.subject import most_images
from rnas.experiments._references import AnyNetwork, Reference, resolve_reference
from rnas.experiments.comparison.networks import DEFAULT, compared_networks, require_distinct
from rnas.experiments.comparison.settings import ATTACKS, ComparisonSettings, SharedTraining
from rnas.experiments.training import _resolve as training
from rnas.experiments.training.settings import TrainingRunSettings
from rnas.utils._yaml_files import checked
from rnas.utils.quantities import parse_share, parse_size

EQUAL = "equal"
"""Search cost that stands for that of the cheapest search."""

_OWN = ("seeds", "until_decided")
_ATTACKED = ("attacked_images", "flags", "unseen")
_TUNING = {"tune": "trials", "tune_epochs": "epochs"}


def resolve_settings(
    networks: Sequence[AnyNetwork] = (),
    *,
    flops: float | str,
    tolerance: float | str = 0.05,
    robust_scaling: bool = False,
    search_cost: float | str | None = None,
    **given: Any,
) -> ComparisonSettings:
    """Resolve the settings of a comparison.

    Args:
        networks: see :func:`rnas.compare`.
        flops: see :func:`rnas.compare`.
        tolerance: see :func:`rnas.compare`.
        robust_scaling: see :func:`rnas.compare`.
        search_cost: see :func:`rnas.compare`.
        **given: its other arguments that are given, but those of the run.

    Raises:
        InputError: a setting is wrong, a network is unknown or not near the FLOPs, or the data cannot be read.
    """
    own = {name: given.pop(name) for name in _OWN if name in given}
    attacked = {name: given.pop(name) for name in _ATTACKED if name in given}
    tuning = {field: given.pop(name) for name, field in _TUNING.items() if name in given}
    if tuning and "trials" not in tuning:
        raise InputError(f"tune_epochs {tuning['epochs']}: say how many trials each network gets, such as tune=8")
    references = [resolve_reference(network) for network in networks or DEFAULT]
    if search_cost is not None:
        own["search_cost"] = _search_cost(search_cost, references)
        references = [resolve_reference(network, own["search_cost"]) for network in networks or DEFAULT]
    # The images that a search chose a member by are known from its own division of the data.
    searched = (reference for reference in references if reference.training is not None)
    resolved = training.resolve_settings(next(searched, references[0]), {"attacks": ATTACKS, **given})
    shared = {name: value for name, value in resolved if name in SharedTraining.model_fields}
    dataset = load_dataset(resolved.data, resolved.data_dir)
    most = most_images(dataset, resolved.images)
    images = attacked.get("attacked_images", 0)
    if images > most:
        raise InputError(f"attacked_images {images}: {dataset.name} has {most} to attack; give at most {most}")
    own |= {"flops": parse_size(flops), "tolerance": parse_share(tolerance, "tolerance")}
    compared = compared_networks(
        references,
        own["flops"],
        dataset.input_shape,
        dataset.num_classes,
        recipe=resolved.recipe,
        tolerance=own["tolerance"],
        robust_scaling=robust_scaling,
    )
    require_distinct(compared)
    for reference in references:
        _require_unseen(reference, resolved)
    content = {
        **own,
        "networks": compared,
        "training": {**shared, **attacked},
        "tuning": {"epochs": resolved.fidelity.epochs, **tuning} if tuning else None,
    }
    return checked(ComparisonSettings, content, "compare")


def _search_cost(given: float | str, references: Sequence[Reference]) -> int:
    """Return the images after which searches are taken as ended; ``equal`` is the cost of the cheapest of them."""
    if given != EQUAL:
        return parse_size(given)
    costs = [reference.search_cost.images for reference in references if reference.search_cost is not None]
    if not costs:
        raise InputError(f"search_cost {EQUAL}: no network is that of a search whose cost is known; name such a search")
    return min(costs)


def _require_unseen(reference: Reference, shared: TrainingRunSettings) -> None:
    """Raise InputError if the test split may contain images that a search used to choose this network."""
    own = reference.training
    if own is None or own.data != shared.data or load_dataset(shared.data, shared.data_dir).num_test_images:
        return
    not_trained = own.images.val + own.images.search_val
    if (own.split_seed, own.images.test, not_trained) != (
        shared.split_seed,
        shared.images.test,
        shared.images.val + shared.images.search_val,
    ):
        raise InputError(
            f"{reference.name} was chosen on another division of {shared.data}, so that its test split is not unseen: "
            "compare members of one run, and leave split_seed and the sizes of images out"
        )
