"""Measure how the empirical Lipschitz constant changes over the stages of a residual network.

Figure 5 of "Exploring Architectural Ingredients of Adversarially Robust Deep Neural Networks" (Huang, Wang, Erfani, Gu,
Bailey, Ma, NeurIPS 2021) shows the constant of the map from the image to the output of each block; see
:mod:`rnas.evaluation.diagnostics.empirical_lipschitz`. Metrics are natural logarithms, because factors are compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, log
from statistics import fmean
from typing import ClassVar

from rnas.errors import InputError
from rnas.evaluation.diagnostics.diagnostic import Diagnostic, DiagnosticContext, finite_metrics
from rnas.evaluation.diagnostics.empirical_lipschitz import lipschitz_ratios, mean_ratio
from rnas.networks.architecture import Architecture
from rnas.networks.residual import ResidualNetwork


@dataclass(frozen=True)
class StageLipschitz(Diagnostic):
    """Measure the logarithm of the constant at the end of the first stage, and its changes after that.

    The growth within stages is the change from a stage's first block to its last, as the mean over stages with several
    blocks; it is 0 if there are none. The step between stages is the change from the last block of a stage to the first
    of the next, as a mean.
    """

    metrics: ClassVar[Mapping[str, tuple[float, float]]] = {
        "first_stage_log_lipschitz": (-inf, inf),
        "log_lipschitz_growth_within_stages": (-inf, inf),
        "log_lipschitz_step_between_stages": (-inf, inf),
    }

    def covers(self, architecture: Architecture) -> bool:
        """Return True for residual networks."""
        return isinstance(architecture, ResidualNetwork)

    def __call__(self, context: DiagnosticContext) -> dict[str, float]:
        """Return the metrics of the context's network."""
        if not isinstance(context.architecture, ResidualNetwork):
            raise InputError(
                f"a network of kind {context.architecture.kind!r} has no stages of residual blocks; "
                "leave the diagnostic out"
            )
        ratios = lipschitz_ratios(context.model, context.images, context.adversarial, context.batch_size)
        constants = [mean_ratio(ratio) for ratio in ratios.blocks.values()]
        return stage_metrics(constants, context.architecture.depths)


def stage_metrics(constants: Sequence[float], depths: Sequence[int]) -> dict[str, float]:
    """Return the metrics from the constants of all blocks, in the order in which they run, and each stage's depth.

    Raises:
        DivergedError: a constant is 0 or infinite.
    """
    logs = iter([log(constant) if constant else -inf for constant in constants])
    stages = [[next(logs) for _ in range(depth)] for depth in depths]
    growths = [stage[-1] - stage[0] for stage in stages if len(stage) > 1]
    return finite_metrics(
        {
            "first_stage_log_lipschitz": stages[0][-1],
            "log_lipschitz_growth_within_stages": fmean(growths) if growths else 0.0,
            "log_lipschitz_step_between_stages": fmean(after[0] - before[-1] for before, after in pairwise(stages)),
        }
    )


DIAGNOSTIC = StageLipschitz()
