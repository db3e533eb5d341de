"""Compare how well capacity and shares of depth and width predict the scores."""

from collections.abc import Mapping

from rnas.scaling_rules._design_matrix import CAPACITY, FLOPS, PARAMS, DesignMatrix
from rnas.statistics.mixed_model import MixedModel

Explained = Mapping[str, float]


def explained(design: DesignMatrix) -> Explained:
    """Return for each hypothesis the share of the scores' variance that it predicts, each score from all others.

    A share below 0 means that the hypothesis predicts nothing. "FLOPs and shares" competes with FLOPs alone, params
    alone and both together. If params predict as well as shares, the effect of shares may be one of capacity, since
    late stages hold most parameters.
    """
    blocks = design.of_blocks()
    shares = design.of_parts()
    covariances = {
        "FLOPs": (design.fixed((FLOPS,)), design.of_capacity((FLOPS,))),
        "params": (design.fixed((PARAMS,)), design.of_capacity((PARAMS,))),
        "FLOPs and params": (design.fixed(CAPACITY), design.of_capacity(CAPACITY)),
        "FLOPs and shares": (design.fixed((FLOPS,)), [*design.of_capacity((FLOPS,)), *shares]),
    }
    if blocks:
        covariances["FLOPs and block"] = (design.fixed((FLOPS,)), [*design.of_capacity((FLOPS,)), *blocks])
    score = design.observations.score
    models = {name: MixedModel(score, *covariance) for name, covariance in covariances.items()} | {"all": design.model}
    return {name: 1 - float((model.left_out() ** 2).mean() / score.var()) for name, model in models.items()}
