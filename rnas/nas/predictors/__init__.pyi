from .gaussian_process import GaussianProcess as GaussianProcess
from .gradient_boosting import GradientBoosting as GradientBoosting
from .mlp_ensemble import MLPEnsemble as MLPEnsemble
from .predictor import Predictor as Predictor
from .radial_basis import RadialBasis as RadialBasis
from .score_regression import (
    Regression as Regression,
    ScoreRegression as ScoreRegression,
)
from .support_vector import SupportVector as SupportVector
from .switching import Switching as Switching
from .validation import cross_validated_tau as cross_validated_tau
