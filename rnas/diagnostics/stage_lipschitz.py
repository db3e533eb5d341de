"""How the empirical Lipschitz constant runs through the stages of a residual network.

Figure 5 of "Exploring Architectural Ingredients of Adversarially Robust Deep Neural Networks" (Huang, Wang, Erfani, Gu,
Bailey, Ma, NeurIPS 2021): the constant of the map from the image to the output of each block; see
:mod:`rnas.diagnostics.empirical_lipschitz`. Logarithms, since what is compared are factors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, log
from typing import ClassVar

from rnas.architecture import Architecture
from rnas.diagnostics.diagnostic import DiagnosticContext, finite_metrics
from rnas.diagnostics.empirical_lipschitz import lipschitz_ratios, mean_ratio
from rnas.networks.residual import ResidualNetwork

_STAGES = 3


@dataclass(frozen=True)
class StageLipschitz:
    """For each of three stages the logarithm at its last block, its growth from its first block to that, and its step.

    The step is that from the last block of the stage before to the stage's first.
    """

    metrics: ClassVar[Mapping[str, tuple[float, float]]] = {
        f"stage{stage}_log_lipschitz{part}": (-inf, inf)
        for stage in range(1, _STAGES + 1)
        for part in ("", "_growth", *(("_step",) if stage > 1 else ()))
    }

    def covers(self, architecture: Architecture) -> bool:
        """Residual networks of three stages."""
        return isinstance(architecture, ResidualNetwork) and len(architecture.depths) == _STAGES

    def __call__(self, context: DiagnosticContext) -> dict[str, float]:
        """See :class:`rnas.diagnostics.diagnostic.Diagnostic`."""
        assert isinstance(context.architecture, ResidualNetwork)
        ratios = lipschitz_ratios(context.model, context.images, context.adversarial, context.batch_size)
        # Blocks come in the order in which they run, stage after stage.
        constants = map(mean_ratio, ratios.blocks.values())
        logs = iter([log(constant) if constant else -inf for constant in constants])
        found: dict[str, float] = {}
        before: float | None = None
        for stage, depth in enumerate(context.architecture.depths, 1):
            own = [next(logs) for _ in range(depth)]
            found[f"stage{stage}_log_lipschitz"] = own[-1]
            found[f"stage{stage}_log_lipschitz_growth"] = own[-1] - own[0]
            if before is not None:
                found[f"stage{stage}_log_lipschitz_step"] = own[0] - before
            before = own[-1]
        return finite_metrics(found)


DIAGNOSTIC = StageLipschitz()
