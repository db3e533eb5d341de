"""Predict by gradient boosting of regression trees (Friedman 2001, 2002) on normal scores of the target."""

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor

from rnas._typing import Floats, Integers
from rnas.nas.predictors.score_regression import Regression, ScoreRegression

_TREES = 60


class GradientBoosting(ScoreRegression):
    """Boosted small trees, each fitted to random points and features; cross-validation chooses their number."""

    def _regress(self, inputs: Floats, scores: Floats, fold: Integers) -> Regression:
        stages = np.empty((_TREES, len(scores)))
        for part in np.unique(fold):
            out = fold == part
            grown = _grow(inputs[~out], scores[~out], _TREES)
            stages[:, out] = list(grown.staged_predict(inputs[out]))
        best = int(np.argmin(np.square(stages - scores).sum(axis=1)))
        return Regression(_grow(inputs, scores, best + 1).predict, stages[best])


def _grow(inputs: Floats, scores: Floats, trees: int) -> GradientBoostingRegressor:
    # Seven tenths of one point would be no point.
    subsample = 0.7 if len(scores) > 1 else 1.0
    boosting = GradientBoostingRegressor(
        n_estimators=trees, learning_rate=0.1, max_depth=4, subsample=subsample, max_features=0.3, random_state=0
    )
    return boosting.fit(inputs, scores)
