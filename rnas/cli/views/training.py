"""Show a training: what is trained, its epochs, and what came of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from rnas.cli.views.words import Words
from rnas.experiment import Work
from rnas.experiments.training._evaluation import val_words
from rnas.experiments.training._history import Row, best_row
from rnas.experiments.training.result import TrainingResult
from rnas.experiments.training.setup import Setup
from rnas.experiments.training.training import Training
from rnas.networks import architecture as arch
from rnas.utils.quantities import format_size, pluralize


class TrainingWords(Words):
    """Word the epochs of a training."""

    experiment: Training

    def __init__(self, experiment: Training, work: Work) -> None:
        super().__init__(experiment, work)
        self._history: list[Row] = list(experiment.history)

    def opening(self) -> list[str]:
        """Return what is trained, how, and what the best epoch is chosen by."""
        if self.work.phase:
            return []
        first, *others = description(self.experiment.setup)
        lines = [f"{self.experiment.path}: {first}", *others]
        if self.work.done:
            were = "was" if self.work.done == 1 else "were"
            lines.append(f"{self.work.done} of {pluralize(round(self.work.total), 'epoch')} {were} done before")
        return lines

    def recorded(self, record: Row) -> str:
        """Return what an epoch found."""
        self._history.append(record)
        return (
            f"loss {record['loss']:.4f}  train {record['train_robust_accuracy']:.1%}  "
            f"val {record['val_clean_accuracy']:.1%} clean "
            f"{record['val_robust_accuracy']:.1%} robust  "
            f"rate {record['learning_rate']:.2g}  {record['seconds'] + record['val_seconds']:.1f} s"
        )

    def findings(self) -> Sequence[str]:
        """Return the best epoch so far."""
        if not self._history:
            return ()
        best = best_row(self._history, self.experiment.settings.recipe)
        return (f"best {best['val_robust_accuracy']:.1%} robust (epoch {best['epoch']:.0f})",)

    def running(self, shares: Mapping[str, float]) -> str:
        """Return what is under way; the val images after an epoch have no share of their own."""
        words = (
            label if label.startswith("val images") else f"{label}: {share:.0%}" for label, share in shares.items()
        )
        return ", ".join(words)

    @staticmethod
    def closing(experiment: Training, result: TrainingResult) -> list[str]:
        """Return why a training ended before its last epoch."""
        return [] if result.summary is None or result.status == "complete" else [_ending(result.summary)]

    @staticmethod
    def failed(result: TrainingResult) -> bool:
        """Return whether the training diverged."""
        return result.status == "diverged"

    @staticmethod
    def files(experiment: Training) -> str:
        """Return the line that says where the weights are."""
        return f"Weights: {experiment.best} and {experiment.last.name}; all figures: {experiment.result_file}"


class SupernetWords(Words):
    """Word the epochs of a supernet."""

    def recorded(self, record: Row) -> str:
        """Return what an epoch found."""
        return (
            f"loss {record['loss']:.4f}  train {record['train_robust_accuracy']:.1%}  "
            f"rate {record['learning_rate']:.2g}  {record['seconds']:.1f} s"
        )


def description(setup: Setup) -> list[str]:
    """Return what is trained, on what, and what the best epoch is chosen by: a line each."""
    settings, recipe = setup.settings, setup.settings.recipe
    cost = setup.architecture.cost(setup.dataset.input_shape, setup.dataset.num_classes)
    shape = "x".join(map(str, setup.dataset.input_shape))
    images = len(setup.splits["test"])
    unseen = f"{pluralize(images, 'image')} that neither training nor the choice of the checkpoint sees"
    test = pluralize(images, "published test image") if setup.dataset.num_test_images else unseen
    val = pluralize(len(setup.splits["val"]), "val image")
    changes = f" with {' and '.join(settings.recipe_changes)} changed" if settings.recipe_changes else ""
    lines = [
        f"{settings.network} ({arch.key(setup.architecture)}, {format_size(cost.params)} parameters, "
        f"{format_size(cost.flops)} FLOPs at {shape}) by recipe {recipe.name}{changes}",
        f"{pluralize(settings.fidelity.epochs, 'epoch')} of {pluralize(setup.images, 'image')} of {setup.dataset.name} "
        f"in batches of {settings.fidelity.batch_size}, epsilon {settings.eps}, seed {settings.seed}, "
        f"on {settings.device}",
        f"the best epoch is chosen on {val} by the {val_words(settings)}; results are on {test}",
    ]
    notes = setup.dataset.note, recipe.numerics.speed_note(settings.device)
    return lines + [note for note in notes if note]


def _ending(summary: Mapping[str, Any]) -> str:
    """Return in one line why a training ended before its last epoch."""
    if summary["status"] != "diverged":
        return str(summary["reason"])
    kept = "no epoch was completed"
    if summary["epochs_done"]:
        kept = f"the weights of epochs {summary['best']['epoch']} (best) and {summary['last']['epoch']} (last) are kept"
    return f"rnas: diverged: {summary['reason']}; {kept}; a lower rate may help: --set recipe.learning_rate=..."
