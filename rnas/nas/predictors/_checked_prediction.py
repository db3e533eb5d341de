"""Check predictions against a predictor's contract before a search uses them."""

import numpy as np

from rnas._typing import Floats
from rnas.errors import InputError
from rnas.nas.predictors.predictor import Predictor


def checked_prediction(predictor: Predictor, features: Floats) -> tuple[Floats, Floats]:
    """Return the predicted mean and standard deviation (n,) at features (n, f).

    Raises:
        InputError: they have another shape or are not finite, or a standard deviation is below 0.
    """
    mean, std = predictor.predict(features)
    shapes = {np.shape(mean), np.shape(std)}
    if shapes != {(len(features),)} or not np.isfinite([mean, std]).all() or np.min(std, initial=0.0) < 0:
        raise InputError(
            f"predictor {type(predictor).__name__} of {type(predictor).__module__} gave what is no finite mean and "
            f"standard deviation of each of {len(features)} networks: fix the predictor, or name another one "
            "(rnas.testing.predictor.PredictorConformance tests for this)"
        )
    return mean, std
