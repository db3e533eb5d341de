"""Hold the result of a training."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from rnas.experiments.training._history import Row
from rnas.experiments.training.checkpoint import Checkpoint
from rnas.experiments.training.settings import TrainingRunSettings
from rnas.utils._data_frames import data_frame


@dataclass(frozen=True)
class TrainingResult:
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

    def to_pandas(self) -> Any:
        """Return the history as a ``pandas.DataFrame``, one row an epoch.

        Raises:
            InputError: pandas is not installed.
        """
        return data_frame(self.history)

    def __repr__(self) -> str:
        """Return the training in a line."""
        return f"<TrainingResult {self.path}: {self.status}, epochs done: {len(self.history)}>"

    def _repr_html_(self) -> str:
        rows = []
        for name in ("best", "last"):
            own = (self.summary or {}).get(name, {})
            if "test" in own:
                attacks = [("clean", own["test"]["clean"]), *((one["name"], one) for one in own["test"]["attacks"])]
                shares = ", ".join(f"{escape(label)} {one['accuracy']:.1%}" for label, one in attacks)
                rows.append(f"<tr><td>{name}</td><td>epoch {own['epoch']}: {shares}</td></tr>")
        done = f"{self.status}, {len(self.history)} epochs"
        return f"<p>Training {escape(str(self.path))}: {done}</p><table>{''.join(rows)}</table>"
