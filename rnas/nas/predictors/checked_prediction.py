"""What a predictor says, held to its contract before a search believes it."""

import numpy as np

from rnas.errors import InputError
from rnas.nas.predictors.predictor import Floats, Predictor


def checked_prediction(predictor: Predictor, features: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation (n,) at features (n, f).

    Raises:
        InputError: they are of another shape or not finite, or a standard deviation is below 0.
    """
    mean, std = predictor.predict(features)
    shapes = {np.shape(mean), np.shape(std)}
    if shapes != {(len(features),)} or not np.isfinite([mean, std]).all() or np.min(std, initial=0.0) < 0:
        raise InputError(
            f"predictor {type(predictor).__name__} of {type(predictor).__module__} gave what is no finite mean and "
            f"standard deviation of each of {len(features)} networks: it must be mended, or another one named "
            "(rnas.testing.predictor.PredictorConformance tests for this)"
        )
    return mean, std
