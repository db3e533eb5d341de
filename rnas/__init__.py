"""rnas: robust neural architecture search."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnas.api import load_training as load_training
    from rnas.api import resume_training as resume_training
    from rnas.api import train as train
    from rnas.experiment import Listener as Listener
    from rnas.experiment import resume as resume
    from rnas.experiments.comparison.run import compare as compare
    from rnas.experiments.loading import load as load
    from rnas.experiments.replications.run import replicate as replicate
    from rnas.experiments.reproduction.verify import verify as verify
    from rnas.experiments.training.run import TrainingRun as TrainingRun
    from rnas.experiments.tuning.tune import resume_tuning as resume_tuning
    from rnas.experiments.tuning.tune import tune as tune
    from rnas.exports.export import export as export
    from rnas.nas.fidelity_study import FidelityStudy as FidelityStudy
    from rnas.nas.fidelity_study import measure_fidelity as measure_fidelity
    from rnas.nas.result import SearchResult as SearchResult
    from rnas.nas.search import Search as Search
    from rnas.nas.search import search as search
    from rnas.scaling_rules.rule_test import RuleTest as RuleTest
    from rnas.scaling_rules.rule_test import test_rule as test_rule

__version__ = "0.1.0"

_HOMES = {
    "search": "rnas.nas.search",
    "Search": "rnas.nas.search",
    "SearchResult": "rnas.nas.result",
    "measure_fidelity": "rnas.nas.fidelity_study",
    "FidelityStudy": "rnas.nas.fidelity_study",
    "test_rule": "rnas.scaling_rules.rule_test",
    "RuleTest": "rnas.scaling_rules.rule_test",
    "resume": "rnas.experiment",
    "Listener": "rnas.experiment",
    "train": "rnas.api",
    "resume_training": "rnas.api",
    "load_training": "rnas.api",
    "compare": "rnas.experiments.comparison.run",
    "replicate": "rnas.experiments.replications.run",
    "load": "rnas.experiments.loading",
    "export": "rnas.exports.export",
    "TrainingRun": "rnas.experiments.training.run",
    "tune": "rnas.experiments.tuning.tune",
    "resume_tuning": "rnas.experiments.tuning.tune",
    "verify": "rnas.experiments.reproduction.verify",
}


def __getattr__(name: str) -> Any:
    # On demand, so that a command that prints help does not wait for torch.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'rnas' has no attribute {name!r}")
