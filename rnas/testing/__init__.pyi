from .architecture import ArchitectureConformance as ArchitectureConformance
from .attack import (
    AttackConformance as AttackConformance,
    random_batch as random_batch,
    small_network as small_network,
)
from .block import BlockConformance as BlockConformance
from .dataset import DatasetConformance as DatasetConformance
from .diagnostic import DiagnosticConformance as DiagnosticConformance
from .evaluator import EvaluatorConformance as EvaluatorConformance
from .export_format import ExportFormatConformance as ExportFormatConformance
from .generators import generators_left_as_found as generators_left_as_found
from .predictor import (
    PredictorConformance as PredictorConformance,
    samples as samples,
)
from .proxy import ProxyConformance as ProxyConformance
from .recipe import RecipeConformance as RecipeConformance
from .search_space import (
    SearchSpaceConformance as SearchSpaceConformance,
    raw_genomes as raw_genomes,
)
from .strategy import (
    StrategyConformance as StrategyConformance,
    toy_problem as toy_problem,
    toy_space as toy_space,
    toy_view as toy_view,
)
