"""rnas: robust neural architecture search."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rnas._version import __version__ as __version__

if TYPE_CHECKING:
    from rnas.experiment import Listener as Listener
    from rnas.experiment import resume as resume
    from rnas.experiments.comparison.result import ComparisonResult as ComparisonResult
    from rnas.experiments.comparison.run import Comparison as Comparison
    from rnas.experiments.comparison.run import compare as compare
    from rnas.experiments.evaluate import evaluate as evaluate
    from rnas.experiments.loading import load as load
    from rnas.experiments.replications.result import ReplicationResult as ReplicationResult
    from rnas.experiments.replications.run import ReplicationRun as ReplicationRun
    from rnas.experiments.replications.run import replicate as replicate
    from rnas.experiments.reproduction.reproduce import reproduce as reproduce
    from rnas.experiments.train import train as train
    from rnas.experiments.training.result import TrainingResult as TrainingResult
    from rnas.experiments.training.training import Training as Training
    from rnas.experiments.tuning.result import TuningResult as TuningResult
    from rnas.experiments.tuning.tuning import Tuning as Tuning
    from rnas.experiments.tuning.tuning import tune as tune
    from rnas.exports.export import export as export
    from rnas.nas.fidelity_study import FidelityStudy as FidelityStudy
    from rnas.nas.fidelity_study import measure_fidelity as measure_fidelity
    from rnas.nas.result import SearchResult as SearchResult
    from rnas.nas.search import Search as Search
    from rnas.nas.search import search as search
    from rnas.scaling_rules.rule_test import RuleTest as RuleTest
    from rnas.scaling_rules.rule_test import test_rule as test_rule

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
    "compare": "rnas.experiments.comparison.run",
    "Comparison": "rnas.experiments.comparison.run",
    "ComparisonResult": "rnas.experiments.comparison.result",
    "replicate": "rnas.experiments.replications.run",
    "ReplicationRun": "rnas.experiments.replications.run",
    "ReplicationResult": "rnas.experiments.replications.result",
    "evaluate": "rnas.experiments.evaluate",
    "load": "rnas.experiments.loading",
    "export": "rnas.exports.export",
    "Training": "rnas.experiments.training.training",
    "TrainingResult": "rnas.experiments.training.result",
    "train": "rnas.experiments.train",
    "Tuning": "rnas.experiments.tuning.tuning",
    "TuningResult": "rnas.experiments.tuning.result",
    "tune": "rnas.experiments.tuning.tuning",
    "reproduce": "rnas.experiments.reproduction.reproduce",
}


def __getattr__(name: str) -> Any:
    # On demand, so that a command that prints help does not wait for torch.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'rnas' has no attribute {name!r}")
