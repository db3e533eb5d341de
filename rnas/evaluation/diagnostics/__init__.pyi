from .comparison import (
    Measure as Measure,
    Pair as Pair,
    compare as compare,
)
from .density import (
    Density as Density,
    density as density,
)
from .diagnostic import (
    Diagnostic as Diagnostic,
    DiagnosticContext as DiagnosticContext,
    finite_metrics as finite_metrics,
)
from .empirical_lipschitz import (
    EmpiricalLipschitz as EmpiricalLipschitz,
    LipschitzRatios as LipschitzRatios,
    lipschitz_ratios as lipschitz_ratios,
)
from .fsp import (
    FSPDistance as FSPDistance,
    fsp_distances as fsp_distances,
    fsp_matrices as fsp_matrices,
)
from .lipschitz_bounds import LipschitzBound as LipschitzBound
from .local_lipschitz import (
    LipschitzAscent as LipschitzAscent,
    LocalLipschitz as LocalLipschitz,
)
from ._loss_surface import (
    LossSurface as LossSurface,
    loss_surface as loss_surface,
)
from .perturbation_stability import (
    PerturbationStability as PerturbationStability,
    Stability as Stability,
    perturbation_stability as perturbation_stability,
)
from .sparsity import (
    AttentionSparsity as AttentionSparsity,
    RelativeSparsity as RelativeSparsity,
    Sparsity as Sparsity,
    WeightSparsity as WeightSparsity,
    sparsity as sparsity,
)
from .stage_lipschitz import StageLipschitz as StageLipschitz
