"""The live view of a training."""

import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from rnas.cli.counting_bar import counting_bar
from rnas.experiments.training.evaluation import val_words
from rnas.experiments.training.history import Row
from rnas.experiments.training.setup import Setup
from rnas.networks import architecture as arch
from rnas.utils.quantities import format_size, pluralize


class TrainingView:
    """A listener that writes a line for each epoch, and on a terminal keeps a bar below them.

    Args:
        console: where to write, usually stderr.
        path: directory of the training.
    """

    def __init__(self, console: Console, path: Path) -> None:
        self._console = console
        self._path = path
        self._epochs = 0
        self._earlier = 0
        self._began = time.monotonic()
        self._told: tuple[str, str] | None = None
        self._best = ""
        self._bar = counting_bar()
        self._task = self._bar.add_task("epochs", total=None, left="")
        self._live = Live(console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def started(self, setup: Setup, history: Sequence[Row]) -> None:
        """Say what is trained, how, and what the best epoch is chosen by."""
        self._epochs, self._earlier = setup.settings.fidelity.epochs, len(history)
        self._bar.update(self._task, total=self._epochs, completed=self._earlier)
        self._began = time.monotonic()
        first, *others = description(setup)
        for line in (f"{self._path}: {first}", *others):
            self._say(line)
        if history:
            were = "was" if len(history) == 1 else "were"
            self._say(f"{len(history)} of {pluralize(self._epochs, 'epoch')} {were} done before")
        if self._console.is_terminal:
            self._live.start()

    def training(self, epoch: int, share: float) -> None:
        """Move the bar."""
        self._show(f"epoch {epoch}: {share:.0%} of its steps", epoch - 1)

    def selecting(self, epoch: int, share: float) -> None:
        """Move the bar."""
        self._show(f"epoch {epoch}: {share:.0%} of the selection", epoch - 1)

    def ended(self, history: Sequence[Row], best: Row) -> None:
        """Write the epoch's line."""
        done = len(history)
        self._best = f"best {best['val_robust_accuracy']:.1%} robust (epoch {best['epoch']:.0f})"
        seconds = (time.monotonic() - self._began) / (done - self._earlier) * (self._epochs - done)
        left = f"{duration(seconds)} left" if done < self._epochs else ""
        self._bar.update(self._task, left=left)
        parts = (_line(history[-1], self._epochs), left, self._best)
        self._say("  ".join(part for part in parts if part))

    def evaluating(self, checkpoint: str, attack: str, share: float) -> None:
        """Tell each attack when it begins, and move the bar."""
        if (checkpoint, attack) != self._told and not self._console.is_terminal:
            self._say(f"test images: {attack} on the {checkpoint} weights")
        self._told = checkpoint, attack
        self._show(f"test images: {attack} on the {checkpoint} weights {share:.0%}", self._epochs)

    def out_of_memory(self) -> None:
        """Say why nothing happens for a while."""
        self._live.stop()
        self._say("out of memory; trying smaller batches, to say which fits")

    def _show(self, doing: str, epochs: int) -> None:
        if self._console.is_terminal:
            self._bar.update(self._task, completed=epochs)
            self._live.update(Group(self._bar, Text(doing), Text(self._best)))

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)


def description(setup: Setup) -> list[str]:
    """What is trained, on what, and what the best epoch is chosen by: a line each."""
    settings, recipe = setup.settings, setup.settings.recipe
    cost = setup.architecture.cost(setup.dataset.input_shape, setup.dataset.num_classes)
    shape = "x".join(map(str, setup.dataset.input_shape))
    images = len(setup.splits["test"])
    unseen = f"{pluralize(images, 'image')} that neither training nor selection sees"
    final = pluralize(images, "published test image") if setup.dataset.num_test_images else unseen
    selection = pluralize(len(setup.splits["val"]), "held-out training image")
    changes = f" with {' and '.join(settings.recipe_changes)} changed" if settings.recipe_changes else ""
    lines = [
        f"{settings.network} ({arch.key(setup.architecture)}, {format_size(cost.params)} parameters, "
        f"{format_size(cost.flops)} FLOPs at {shape}) by recipe {recipe.name}{changes}",
        f"{pluralize(settings.fidelity.epochs, 'epoch')} of {pluralize(setup.images, 'image')} of {setup.dataset.name} in "
        f"batches of {settings.fidelity.batch_size}, epsilon {settings.eps}, seed {settings.seed}, "
        f"on {settings.device}",
        f"the best epoch is chosen on {selection} by the {val_words(settings)}; results are on {final}",
    ]
    return lines + [note for note in (setup.dataset.note,) if note]


def _line(row: Row, epochs: int) -> str:
    return (
        f"{row['epoch']:>{len(str(epochs))}.0f}/{epochs}  loss {row['loss']:.4f}  "
        f"training {row['train_robust_accuracy']:.1%}  "
        f"selection {row['val_clean_accuracy']:.1%} clean {row['val_robust_accuracy']:.1%} robust  "
        f"rate {row['learning_rate']:.2g}  {row['seconds'] + row['val_seconds']:.1f} s"
    )


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
