"""rnas: robust neural architecture search."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnas.api import hold_out as hold_out
    from rnas.api import resume as resume
    from rnas.api import search as search
    from rnas.experiments.comparison.run import compare as compare
    from rnas.experiments.comparison.run import resume_comparison as resume_comparison
    from rnas.experiments.evaluate import evaluate as evaluate
    from rnas.experiments.loading import load as load
    from rnas.experiments.reproduction.verify import verify as verify
    from rnas.experiments.training.result import TrainingResult as TrainingResult
    from rnas.experiments.training.training import Training as Training
    from rnas.experiments.training.training import train as train
    from rnas.experiments.tuning.result import TuningResult as TuningResult
    from rnas.experiments.tuning.tuning import Tuning as Tuning
    from rnas.experiments.tuning.tuning import tune as tune
    from rnas.exports.export import export as export
    from rnas.nas.run import Run as Run
    from rnas.nas.run import load_run as load_run

__version__ = "0.1.0"

_HOMES = {
    "search": "rnas.api",
    "resume": "rnas.api",
    "hold_out": "rnas.api",
    "compare": "rnas.experiments.comparison.run",
    "resume_comparison": "rnas.experiments.comparison.run",
    "evaluate": "rnas.experiments.evaluate",
    "load": "rnas.experiments.loading",
    "export": "rnas.exports.export",
    "Run": "rnas.nas.run",
    "load_run": "rnas.nas.run",
    "Training": "rnas.experiments.training.training",
    "TrainingResult": "rnas.experiments.training.result",
    "train": "rnas.experiments.training.training",
    "Tuning": "rnas.experiments.tuning.tuning",
    "TuningResult": "rnas.experiments.tuning.result",
    "tune": "rnas.experiments.tuning.tuning",
    "verify": "rnas.experiments.reproduction.verify",
}


def __getattr__(name: str) -> Any:
    # On demand, so that a command that prints help does not wait for torch.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'rnas' has no attribute {name!r}")
