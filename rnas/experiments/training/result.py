"""Hold the result of a training."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnas import registry
from rnas.experiments.training._history import Row
from rnas.experiments.training.checkpoint import Checkpoint
from rnas.experiments.training.settings import TrainingRunSettings
from rnas.utils._tabular import Tabular, notebook_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class TrainingResult(Tabular):
    """Hold what a training has come to so far.

    Attributes:
        path: directory of the training.
        settings: everything that decides it.
        history: a row for each epoch done, with its number, loss, accuracies and seconds.
        best: weights of the best epoch on the val split; None before the first.
        last: weights of the last epoch; None before the first.
        summary: results on the test split and all that decided them, as ``result.json`` holds them; None before the
            training has ended.
    """

    path: Path
    settings: TrainingRunSettings
    history: tuple[Row, ...]
    best: Checkpoint | None
    last: Checkpoint | None
    summary: Mapping[str, Any] | None

    @property
    def status(self) -> str:
        """Return ``complete``, ``overfitted`` or ``diverged``; ``running`` before the training has ended."""
        return "running" if self.summary is None else str(self.summary["status"])

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as JSON values, or the history of a training that has not ended."""
        if self.summary is not None:
            return dict(self.summary)
        return {"status": self.status, "epochs_done": len(self.history), "history": list(map(dict, self.history))}

    def rows(self) -> tuple[Row, ...]:
        """Return the history, one row an epoch."""
        return self.history

    def plot_history(self, ax: "Axes | None" = None, *, dark: bool = False) -> "Axes":
        """Draw the accuracies after each epoch with matplotlib; see :func:`rnas.report.figures.plot_history`."""
        drawn: Axes = registry.load(registry.FIGURES, "history")(self, ax, dark=dark)
        return drawn

    def __repr__(self) -> str:
        """Return the training in a line."""
        return f"<TrainingResult {self.path}: {self.status}, epochs done: {len(self.history)}>"

    def _repr_html_(self) -> str:
        rows = []
        for name in ("best", "last"):
            own = (self.summary or {}).get(name, {})
            if "test" in own:
                attacks = [("clean", own["test"]["clean"]), *((one["name"], one) for one in own["test"]["attacks"])]
                rows.append((name, own["epoch"], ", ".join(f"{label} {one['accuracy']:.1%}" for label, one in attacks)))
        title = f"Training {self.path}: {self.status}, {len(self.history)} epochs"
        return notebook_table(title, ("weights", "epoch", "accuracies"), rows)
