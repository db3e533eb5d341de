"""Write results for TensorBoard."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rnas.experiment import CONFIG, Experiment
from rnas.experiments.listeners.entry import Entry, point_name
from rnas.experiments.listeners.tracker import Tracker
from rnas.utils._directories import next_free, require_no_links
from rnas.utils.files import write_text

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

_PLACE = "tensorboard.txt"
"""File in an experiment's directory with the path of its own folder in a folder of several experiments."""

_OWN = "tensorboard"
_HALF_WRITTEN = ".partial"


class TensorBoard(Tracker):
    """Write each evaluation as a run of TensorBoard, with its metrics, its curve and its hyperparameters.

    Metrics stand at the number of the evaluation, and curves over epochs. The epochs of a training are one run.

    Args:
        folder: folder of the event files, with a folder for each experiment, which has its name, and a number as well
            if another experiment has this name; None is ``tensorboard`` in the experiment's directory.
    """

    name: ClassVar[str] = "tensorboard"
    needs: ClassVar[str] = "tensorboard"

    def __init__(self, folder: Path | str | None = None) -> None:
        super().__init__()
        self._folder = None if folder is None else Path(folder)
        self._place = Path()
        self._own: SummaryWriter | None = None

    def begin(self, experiment: Experiment[Any, Any]) -> set[str]:
        """Return the names of the folders of evaluations, and those of the epochs in the experiment's own run."""
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        from torch.utils.tensorboard import SummaryWriter

        if self._folder is None:
            require_no_links(experiment.path, (_OWN, f"{_OWN}{_HALF_WRITTEN}"))
            self._place = experiment.path / _OWN
            self._place.mkdir(exist_ok=True)
        else:
            self._place = _own_folder(experiment, self._folder.resolve())
        shutil.rmtree(self._partial, ignore_errors=True)
        found = {entry.name for entry in self._place.iterdir() if entry.is_dir()}
        new = not any(self._place.glob("events.*"))
        if not new:
            events = EventAccumulator(str(self._place)).Reload()
            for tag in events.Tags()["scalars"]:
                found |= {point_name(scalar.step) for scalar in events.Scalars(tag)}
        self._own = SummaryWriter(str(self._place))
        if new:
            self._own.add_text("settings", f"```yaml\n{(experiment.path / CONFIG).read_text(encoding='utf-8')}\n```")
        return found

    def write(self, entry: Entry) -> None:
        """Write an epoch to the experiment's own run, and any other entry as a run, whole or not at all."""
        assert self._own is not None
        if entry.is_point:
            for name, value in entry.metrics.items():
                self._own.add_scalar(name, value, entry.step)
            self._own.flush()
            return
        _write_run(self._partial, entry)
        self._partial.rename(self._place / entry.name)

    def end(self, error: BaseException | None) -> None:
        """Close the event file of the experiment's own run."""
        assert self._own is not None
        self._own.close()

    @property
    def _partial(self) -> Path:
        # Outside of the folder, where TensorBoard would show it.
        return self._place.with_name(f"{self._place.name}{_HALF_WRITTEN}")


def _own_folder(experiment: Experiment[Any, Any], folder: Path) -> Path:
    """Return the folder of an experiment in a folder of several; if it has none there yet, make it."""
    file = experiment.path / _PLACE
    if file.is_file():
        kept = Path(file.read_text(encoding="utf-8").strip())
        if kept.parent == folder and kept.is_dir():
            return kept
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / experiment.path.name
    while True:
        try:
            place.mkdir()
            break
        except FileExistsError:
            place = next_free(experiment.path.name, folder)
    write_text(file, f"{place}\n")
    return place


def _write_run(folder: Path, entry: Entry) -> None:
    from torch.utils.tensorboard import SummaryWriter
    from torch.utils.tensorboard.summary import hparams

    with SummaryWriter(str(folder)) as writer:
        for summary in hparams(dict(entry.parameters), dict(entry.metrics)):  # type: ignore[no-untyped-call]
            writer._get_file_writer().add_summary(summary)
        for name, value in entry.metrics.items():
            writer.add_scalar(name, value, entry.step)
        for place, point in enumerate(entry.curve, 1):
            for name, value in point.items():
                writer.add_scalar(f"curve/{name}", value, int(point.get("epoch", place)))
