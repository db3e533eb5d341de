from rnas.nas.predictors.radial_basis import RadialBasis
from rnas.testing.predictor import PredictorConformance


class TestConformance(PredictorConformance):
    least_tau = 0.8

    def make(self) -> RadialBasis:
        return RadialBasis()
