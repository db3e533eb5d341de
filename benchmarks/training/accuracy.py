"""Measure the effect of each speed option on robust accuracy, by short trainings with several seeds."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import torch
from networks import candidate
from timed_process import Variant

from rnas.attacks.pgd import PGD
from rnas.data.dataset import Dataset, Split, divide
from rnas.data.fidelity import Fidelity
from rnas.data.loading import load_dataset
from rnas.evaluation.robustness import evaluate_robustness
from rnas.networks.block import Block
from rnas.networks.residual import ResidualNetwork
from rnas.training.numerics import Numerics
from rnas.training.plan import Plan
from rnas.training.recipe import Recipe
from rnas.training.trainer import Trainer

RECIPE = "short-sat"
STEPS = 20


def robust_accuracies(
    device: str, variants: Sequence[Variant], seeds: int, data: str, folder: Path | None
) -> list[dict[str, Any]]:
    """Return one row for each variant of the training, with its difference from the first.

    The training is that of a search on these data. Robust accuracy is measured under PGD of 20 steps on the
    cross-entropy, in float32, on all images outside the training. A seed draws the same weights, batches and noise for
    every variant.
    """
    dataset = load_dataset(data, folder)
    splits = divide(dataset, dataset.splits, 0, device)
    network = candidate(Block(), depth=1, width=8)
    rows: list[dict[str, Any]] = []
    for variant in variants:
        accuracies = [_accuracy(network, dataset, splits, variant, seed, device) for seed in range(seeds)]
        first = rows[0]["robust_accuracy"] if rows else accuracies
        differences = [one - other for one, other in zip(accuracies, first, strict=True)]
        rows.append(
            {
                "data": data,
                "recipe": RECIPE,
                "variant": variant.name,
                "numerics": variant.numerics.model_dump(),
                "robust_accuracy": accuracies,
                "mean": mean(accuracies),
                "deviation_over_seeds": stdev(accuracies) if seeds > 1 else None,
                "difference": mean(differences),
                "error_of_difference": stdev(differences) / seeds**0.5 if seeds > 1 else None,
            }
        )
    return rows


def _accuracy(
    network: ResidualNetwork, dataset: Dataset, splits: dict[str, Split], variant: Variant, seed: int, device: str
) -> float:
    torch.manual_seed(seed)
    model = network.build(dataset.num_classes, dataset.input_shape).to(device)
    recipe = Recipe.resolve({"name": RECIPE, "numerics": variant.numerics.model_dump()})
    plan = Plan(recipe, Fidelity(**dataset.fidelity), dataset.epsilon, dataset.num_classes, dataset.augmentation)
    training = Trainer(model, splits["train"], plan, seed)
    for _ in training.epochs():
        pass
    with Numerics().active(torch.device(device)):
        robust = [
            evaluate_robustness(training.result, splits[split], (PGD(dataset.epsilon, STEPS),), 0).robust
            for split in ("search_val", "test")
        ]
    return float(torch.cat(robust).double().mean())


def table(rows: list[dict[str, Any]]) -> str:
    """Format rows for people."""
    lines = [f"\n{'robust accuracy in percent':28}{'mean':>7}{'over seeds':>12}{'difference':>13}"]
    for row in rows:
        spread, error = (
            "" if row[name] is None else f" ± {row[name] * 100:.2f}"
            for name in ("deviation_over_seeds", "error_of_difference")
        )
        lines.append(f"{row['variant']:28}{row['mean'] * 100:7.2f}{spread:>12}{row['difference'] * 100:+8.2f}{error}")
    return "\n".join(lines)
