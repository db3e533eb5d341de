"""Evaluate a training on the val split after every epoch, and on the test split at the end."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rnas.attacks.description import describe
from rnas.attacks.named import named_attack
from rnas.attacks.pgd import PGD
from rnas.evaluation.robustness import evaluate_robustness
from rnas.experiments.training.settings import TrainingRunSettings
from rnas.experiments.training.setup import Setup
from rnas.statistics._mcnemar import mcnemar
from rnas.statistics.proportions import proportion
from rnas.training.numerics import Numerics

ATTACK_SEED = 0
"""Seed of the attacks on the test split; it is the default of ``rnas evaluate``, so that both agree."""

_NOISE = 0.05
"""Accuracies are indistinguishable if the p-value of their difference is not below it."""

Check = Callable[[float], None]


@dataclass(frozen=True)
class CheckpointResult:
    """Hold which images of the test split a network classifies correctly; tensors are (n,) on the CPU, in split
    order.

    Attributes:
        clean: right as it is.
        attacks: by name of the attack, which images are right as they are and under the attack.
    """

    clean: Tensor
    attacks: Mapping[str, Tensor]

    @property
    def worst_case(self) -> Tensor:
        """Return which images are right as they are and under every attack."""
        return torch.stack([self.clean, *self.attacks.values()]).all(0)

    @property
    def flags(self) -> dict[str, Tensor]:
        """Return all flags by name."""
        return {"clean": self.clean, **self.attacks, "worst case": self.worst_case}

    def to_dict(self) -> dict[str, Any]:
        """Return accuracies in [0, 1] with their Wilson 95 % intervals, as JSON values."""
        return {
            "clean": _accuracy(self.clean),
            "attacks": [{"name": name, **_accuracy(right)} for name, right in self.attacks.items()],
            "worst_case": _accuracy(self.worst_case),
        }


def evaluate_val(setup: Setup, model: nn.Module, check: Check = lambda share: None) -> dict[str, float]:
    """Return accuracies on the val split, and the seconds that they took, as columns of the history."""
    started = time.perf_counter()
    settings = setup.settings
    with Numerics().active(torch.device(settings.device)):
        result = evaluate_robustness(
            model,
            setup.splits["val"],
            val_attacks(settings),
            settings.split_seed,
            settings.evaluation.batch_size,
            check,
            settings.recipe.numerics.cuda_graphs,
        )
    return {**result.metrics("val_"), "val_seconds": time.perf_counter() - started}


def val_attacks(settings: TrainingRunSettings) -> tuple[PGD, PGD]:
    """Return the attacks whose worst case is robust accuracy on the val split."""
    steps, step = settings.evaluation.steps, settings.evaluation.step
    return PGD(settings.eps, steps, step, "cross-entropy"), PGD(settings.eps, steps, step, "margin")


def val_words(settings: TrainingRunSettings) -> str:
    """Return the attacks on the val split in words."""
    steps = settings.evaluation.steps
    return f"worst case of PGD-{steps} on the cross-entropy and PGD-{steps} on the margin"


def evaluate_test(setup: Setup, model: nn.Module, moved: Callable[[str, float], None]) -> CheckpointResult:
    """Evaluate clean images of the test split and each attack; ``moved`` is called with the attack and the share
    done.
    """
    settings, split = setup.settings, setup.splits["test"]
    attacks: dict[str, Tensor] = {}
    clean = torch.empty(0)
    with Numerics().active(torch.device(settings.device)):
        for name in settings.attacks:
            result = evaluate_robustness(
                model,
                split,
                [named_attack(name, settings.eps)],
                ATTACK_SEED,
                settings.evaluation.batch_size,
                lambda share, name=name: moved(name, share),  # type: ignore[misc]
                settings.recipe.numerics.cuda_graphs,
            )
            clean, attacks[name] = result.clean, result.robust
    return CheckpointResult(clean, attacks)


def compared(best: CheckpointResult, last: CheckpointResult) -> list[dict[str, Any]]:
    """Compare best and last in each kind of accuracy; they are indistinguishable by McNemar's test at 5 % or not."""
    rows = []
    for (name, first), second in zip(best.flags.items(), last.flags.values(), strict=True):
        p_value = mcnemar(first.tolist(), second.tolist())
        rows.append(
            {
                "name": name,
                "difference": (first.double().mean() - second.double().mean()).item(),
                "p_value": p_value,
                "indistinguishable": p_value >= _NOISE,
            }
        )
    return rows


def described_attacks(settings: TrainingRunSettings) -> list[dict[str, Any]]:
    """Return the settings of the attacks on the test split, as JSON values."""
    return [{"attack": name, **describe(named_attack(name, settings.eps))} for name in settings.attacks]


def _accuracy(right: Tensor) -> dict[str, float]:
    share = proportion(right.double().mean().item(), len(right))
    return {"correct": int(right.sum()), "accuracy": share.value, "low": share.low, "high": share.high}
