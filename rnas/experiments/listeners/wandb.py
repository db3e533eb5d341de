"""Write results to Weights & Biases."""

import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rnas.experiment import Experiment
from rnas.experiments.listeners.entry import Entry, parameters_of
from rnas.experiments.listeners.tracker import Tracker
from rnas.utils._json_files import read_json_object
from rnas.utils.files import write_text

if TYPE_CHECKING:
    from wandb.sdk.wandb_run import Run

_PLACE = "wandb.json"
"""File in an experiment's directory with the identifier of its run, and the entries that were written."""


class WeightsAndBiases(Tracker):
    """Write an experiment as a run of Weights & Biases, with the metrics of each evaluation, and its curve.

    Metrics stand over the number of the evaluation, and the curve of each evaluation over its epochs. Whether it is
    online or offline is decided as always, such as by the environment variable ``WANDB_MODE``.

    Args:
        project: name of the project.
        folder: folder in which Weights & Biases makes its folder ``wandb``; None is its own choice.
    """

    name: ClassVar[str] = "wandb"
    needs: ClassVar[str] = "wandb"

    def __init__(self, project: str = "rnas", folder: Path | str | None = None) -> None:
        super().__init__()
        self._project = project
        self._folder = folder
        self._run: Run | None = None
        self._file = Path()
        self._entries: list[str] = []

    def begin(self, experiment: Experiment[Any, Any]) -> set[str]:
        """Return the entries that were written before, as the experiment's directory says."""
        import wandb

        self._file = experiment.path / _PLACE
        kept = read_json_object(self._file) if self._file.is_file() else {}
        self._entries = [str(name) for name in kept.get("entries", ())]
        self._run = wandb.init(
            project=self._project,
            dir=None if self._folder is None else str(self._folder),
            id=str(kept["run"]) if "run" in kept else secrets.token_hex(4),
            resume="allow",
            name=experiment.path.name,
            config=dict(parameters_of(experiment)),
            # The terminal belongs to the progress of the experiment.
            settings=wandb.Settings(console="off", silent=True),
            reinit="create_new",
        )
        self._keep_place()
        return set(self._entries)

    def write(self, entry: Entry) -> None:
        """Write an entry: what was evaluated and the metrics, and the curve point by point."""
        assert self._run is not None
        # A run that is offline cannot be asked what it holds. An entry that was noted is not written a second time.
        self._entries.append(entry.name)
        self._keep_place()
        if entry.is_point:
            self._run.log({"epoch": entry.step, **entry.metrics})
            return
        prefix = f"{entry.phase}/" if entry.phase else ""
        row = {"number": entry.step, **entry.parameters, **entry.metrics}
        for name in entry.metrics:
            self._run.define_metric(f"{prefix}{name}", step_metric=f"{prefix}number")
        self._run.log({f"{prefix}{name}": value for name, value in row.items()})
        self._run.define_metric(f"curve/{entry.name}/*", step_metric=f"curve/{entry.name}/epoch")
        for place, point in enumerate(entry.curve, 1):
            self._run.log({f"curve/{entry.name}/{name}": value for name, value in {"epoch": place, **point}.items()})

    def end(self, error: BaseException | None) -> None:
        """Close the run, which is a failed one if the experiment was interrupted or failed."""
        assert self._run is not None
        self._run.finish(exit_code=0 if error is None else 1)

    def _keep_place(self) -> None:
        assert self._run is not None
        write_text(self._file, json.dumps({"run": self._run.id, "entries": self._entries}) + "\n")
