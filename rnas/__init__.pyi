from . import (
    attacks as attacks,
    data as data,
    errors as errors,
    evaluation as evaluation,
    experiments as experiments,
    exports as exports,
    nas as nas,
    networks as networks,
    registry as registry,
    report as report,
    scaling_rules as scaling_rules,
    statistics as statistics,
    testing as testing,
    training as training,
    utils as utils,
)
from ._typing import (
    Bools as Bools,
    Floats as Floats,
    Integers as Integers,
    Shape as Shape,
)
from .errors import (
    BatchTooLargeError as BatchTooLargeError,
    DeadlineExceededError as DeadlineExceededError,
    DivergedError as DivergedError,
    ExportError as ExportError,
    InputError as InputError,
    LedgerError as LedgerError,
    MisfitError as MisfitError,
    NotEvaluatedError as NotEvaluatedError,
    RnasError as RnasError,
)
from .evaluation.evaluation_result import EvaluationResult as EvaluationResult
from .experiment import (
    CostEstimate as CostEstimate,
    EstimatedWork as EstimatedWork,
    Experiment as Experiment,
    ExperimentSettings as ExperimentSettings,
    Listener as Listener,
    Result as Result,
    Work as Work,
    open_experiment as open_experiment,
    resume as resume,
)
from .experiments.cell_search.cell_search import (
    CellSearch as CellSearch,
    search_cells as search_cells,
)
from .experiments.cell_search.result import CellSearchResult as CellSearchResult
from .experiments.comparison.result import ComparisonResult as ComparisonResult
from .experiments.comparison.run import (
    Comparison as Comparison,
    compare as compare,
)
from .experiments.evaluate import evaluate as evaluate
from .experiments.loading import load as load
from .experiments.replications.result import ReplicationResult as ReplicationResult
from .experiments.replications.run import (
    ReplicationRun as ReplicationRun,
    replicate as replicate,
)
from .experiments.reproduction.reproduce import (
    Reproduction as Reproduction,
    reproduce as reproduce,
)
from .experiments.supernet.experiment import (
    SupernetResult as SupernetResult,
    SupernetTraining as SupernetTraining,
    train_supernet as train_supernet,
)
from .experiments.train import train as train
from .experiments.training.result import TrainingResult as TrainingResult
from .experiments.training.training import Training as Training
from .experiments.transfer import (
    TransferMatrix as TransferMatrix,
    transfer as transfer,
)
from .experiments.tuning.result import TuningResult as TuningResult
from .experiments.tuning.tuning import (
    Tuning as Tuning,
    tune as tune,
)
from .exports.export import (
    Exported as Exported,
    export as export,
)
from .nas.fidelity_study import (
    FidelityResult as FidelityResult,
    FidelityStudy as FidelityStudy,
    measure_fidelity as measure_fidelity,
)
from .nas.result import SearchResult as SearchResult
from .nas.search import (
    Search as Search,
    search as search,
)
from .networks.zoo_listing import (
    Zoo as Zoo,
    ZooNetwork as ZooNetwork,
    zoo as zoo,
)
from .report.leaderboard import Leaderboard as Leaderboard
from .report.leaderboard_files import leaderboard as leaderboard
from .scaling_rules.findings import (
    Findings as Findings,
    fit_rule as fit_rule,
)
from .scaling_rules.out_of_sample import RuleTestResult as RuleTestResult
from .scaling_rules.power import (
    PowerStudy as PowerStudy,
    power as power,
)
from .scaling_rules.rule_test import (
    RuleTest as RuleTest,
    test_rule as test_rule,
)
from .scaling_rules.scale import (
    PrintedSetting as PrintedSetting,
    ScaledNetwork as ScaledNetwork,
    scale as scale,
)

__version__: str
