from rnas.nas.predictors.mlp_ensemble import MLPEnsemble
from rnas.testing.predictor import PredictorConformance


class TestConformance(PredictorConformance):
    least_tau = 0.8

    def make(self) -> MLPEnsemble:
        return MLPEnsemble()
