"""rnas: robust neural architecture search."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnas.api import load_training as load_training
    from rnas.api import resume as resume
    from rnas.api import resume_training as resume_training
    from rnas.api import search as search
    from rnas.api import test_rule as test_rule
    from rnas.api import train as train
    from rnas.comparison.run import compare as compare
    from rnas.comparison.run import resume_comparison as resume_comparison
    from rnas.exports.export import export as export
    from rnas.loading import load as load
    from rnas.run import Run as Run
    from rnas.run import load_run as load_run
    from rnas.training_run.run import TrainingRun as TrainingRun
    from rnas.tuning.tune import resume_tuning as resume_tuning
    from rnas.tuning.tune import tune as tune
    from rnas.verification.verify import verify as verify

__version__ = "0.1.0"

_HOMES = {
    "search": "rnas.api",
    "resume": "rnas.api",
    "test_rule": "rnas.api",
    "train": "rnas.api",
    "resume_training": "rnas.api",
    "load_training": "rnas.api",
    "compare": "rnas.comparison.run",
    "resume_comparison": "rnas.comparison.run",
    "load": "rnas.loading",
    "export": "rnas.exports.export",
    "Run": "rnas.run",
    "load_run": "rnas.run",
    "TrainingRun": "rnas.training_run.run",
    "tune": "rnas.tuning.tune",
    "resume_tuning": "rnas.tuning.tune",
    "verify": "rnas.verification.verify",
}


def __getattr__(name: str) -> Any:
    # On demand, so that a command that prints help does not wait for torch.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'rnas' has no attribute {name!r}")
