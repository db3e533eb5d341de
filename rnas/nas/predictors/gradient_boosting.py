"""Gradient boosting of regression trees (Friedman 2001, 2002), on normal scores of the target."""

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingRegressor

from rnas.nas.predictors.score_regression import Regression, ScoreRegression

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_TREES = 60


class GradientBoosting(ScoreRegression):
    """Small trees, each on a random part of points and features; cross-validation says after how many to stop."""

    def _regress(self, inputs: Floats, scores: Floats, fold: Integers) -> Regression:
        stages = np.empty((_TREES, len(scores)))
        for part in np.unique(fold):
            out = fold == part
            grown = _grow(inputs[~out], scores[~out], _TREES)
            stages[:, out] = list(grown.staged_predict(inputs[out]))
        best = int(np.argmin(np.square(stages - scores).sum(axis=1)))
        return Regression(_grow(inputs, scores, best + 1).predict, stages[best])


def _grow(inputs: Floats, scores: Floats, trees: int) -> GradientBoostingRegressor:
    # Seven tenths of one point would be none.
    subsample = 0.7 if len(scores) > 1 else 1.0
    boosting = GradientBoostingRegressor(
        n_estimators=trees, learning_rate=0.1, max_depth=4, subsample=subsample, max_features=0.3, random_state=0
    )
    return boosting.fit(inputs, scores)
