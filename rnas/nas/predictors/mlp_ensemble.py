"""An ensemble of multilayer perceptrons, after Lakshminarayanan et al. (2017), on normal scores of the target."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from rnas.nas.predictors.score_regression import Regression, ScoreRegression

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_WIDER = 4.0
"""Inputs are as far apart as this, so that first weights of the usual size bend their layer."""


class MLPEnsemble(ScoreRegression):
    """The mean of one member a fold, each trained on the others, so that training it is its cross-validation too."""

    def _regress(self, inputs: Floats, scores: Floats, fold: Integers) -> Regression:
        members = []
        predicted = np.empty(len(scores))
        for part in np.unique(fold):
            out = fold == part
            members.append(_train(inputs[~out], scores[~out], int(part)))
            predicted[out] = members[-1].predict(_WIDER * inputs[out])
        return Regression(lambda new: np.mean([member.predict(_WIDER * new) for member in members], axis=0), predicted)


def _train(inputs: Floats, scores: Floats, seed: int) -> MLPRegressor:
    perceptron = MLPRegressor(hidden_layer_sizes=(32,), alpha=1.0, solver="lbfgs", max_iter=100, random_state=seed)
    with warnings.catch_warnings():
        # A bounded number of steps is meant: it bounds the time, and stops early.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return perceptron.fit(_WIDER * inputs, scores)
