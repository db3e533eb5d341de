"""Find results as a user names them."""

from pathlib import Path

from rnas.errors import InputError
from rnas.experiment import kind_at
from rnas.experiments.reproduction._recorded_evaluation import RecordedEvaluation
from rnas.experiments.reproduction._recorded_result import RecordedResult
from rnas.experiments.reproduction._recorded_search import RecordedSearch
from rnas.experiments.reproduction._recorded_training import RecordedTraining
from rnas.experiments.training.settings import KIND as TRAINING
from rnas.nas._members import FORMS, member, run_and_member
from rnas.nas.execution._local import Device
from rnas.nas.search import Search


def find(words: str | Path, device: Device | None = None) -> RecordedResult:
    """Return the result that a text names.

    Args:
        words: ``RUN:KEY``, ``RUN:knee``, ``RUN:at:200M`` or ``RUN:max:METRIC`` with the directory of a search, or
            ``RUN/checkpoints/KEY.safetensors``; a training's directory, for its best weights, or its
            ``best.safetensors`` or ``last.safetensors``; or a result of ``rnas evaluate``: its JSON file, also of the
            final evaluations of a run, ``RUN/final_evaluation/seed-N/...json``, and of a comparison,
            ``DIR/evaluations/...json``.
        device: device to reproduce it on; None is that of the record.

    Raises:
        InputError: they name none.
    """
    text, path = str(words), Path(words)
    if path.suffix == ".safetensors":
        return _of_weights(text, path, device)
    if kind_at(path) == TRAINING:
        return RecordedTraining.read(text, path, "best", device)
    if path.is_file():
        return RecordedEvaluation.read(text, path, device)
    if path.is_dir():
        raise InputError(f"{text} is a directory; for a member of a run write {text}: and {FORMS}")
    folder, colon, word = run_and_member(text)
    if not colon:
        raise InputError(
            f"{text} names no result; write RUN:KEY, a training's directory, or a JSON file of rnas evaluate"
        )
    run = Search.open(folder).result()
    return RecordedSearch(text, run, member(run, word), device=device)


def _of_weights(text: str, path: Path, device: Device | None) -> RecordedResult:
    if kind_at(path.parent) == TRAINING and path.stem in ("best", "last"):
        return RecordedTraining.read(text, path.parent, "best" if path.stem == "best" else "last", device)
    if path.parent.name == "checkpoints":
        run = Search.open(path.parent.parent).result()
        return RecordedSearch(text, run, member(run, path.stem), device=device)
    raise InputError(f"{text}: weights of no run; name the run's member, or the result of their evaluation")
