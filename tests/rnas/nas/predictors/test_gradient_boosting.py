from rnas.nas.predictors.gradient_boosting import GradientBoosting
from rnas.testing.predictor import PredictorConformance


class TestConformance(PredictorConformance):
    def make(self) -> GradientBoosting:
        return GradientBoosting()
