"""Predict by an ensemble of multilayer perceptrons (Lakshminarayanan et al., 2017) on normal scores of the target."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from rnas._typing import Floats, Integers
from rnas.nas.predictors.score_regression import Regression, ScoreRegression

_WIDER = 4.0
"""Distance between scaled inputs, at which initial weights of the usual size make the first layer nonlinear."""


class MLPEnsemble(ScoreRegression):
    """Ensemble with one member for each fold, trained on the other folds, so that training also cross-validates."""

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
        # The number of steps is limited on purpose: this bounds the time, and stops early.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return perceptron.fit(_WIDER * inputs, scores)
