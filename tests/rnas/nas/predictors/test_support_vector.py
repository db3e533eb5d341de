from rnas.nas.predictors.support_vector import SupportVector
from rnas.testing.predictor import PredictorConformance


class TestConformance(PredictorConformance):
    least_tau = 0.8

    def make(self) -> SupportVector:
        return SupportVector()
