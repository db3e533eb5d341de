"""Regress by an ensemble of narrow and deep multilayer perceptrons, all of which are trained at the same time."""

from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rnas._typing import Floats

_LAYERS, _WIDTH = 10, 20
_EPOCHS, _BATCH, _RATE = 150, 32, 0.01
_DECAY, _SQUARE_DECAY, _SMALL = 0.9, 0.999, 1e-8


class NeuralEnsemble:
    """An ensemble of perceptrons of 10 hidden layers with 20 rectified linear units each.

    They differ in their random first weights and in the order of their batches. Each is trained by Adam (Kingma, Ba,
    ICLR 2015) for 150 epochs, on the mean absolute error of the standardised target. The members are one stack of
    matrices, since the time of networks as small as these is that of the calls.

    Args:
        members: number of perceptrons.
        rng: generator of weights and batches.
    """

    def __init__(self, members: int, rng: np.random.Generator) -> None:
        self._members = members
        self._rng = rng

    def fit(self, inputs: Floats, target: Floats) -> Self:
        """Fit inputs (n, f) to targets (n,), all finite."""
        self._centre, self._unit = target.mean(), target.std() or 1.0
        scaled = ((target - self._centre) / self._unit).astype(np.float32)
        features = inputs.astype(np.float32)
        sizes = [inputs.shape[1], *[_WIDTH] * _LAYERS, 1]
        shapes = [shape for fan in pairwise(sizes) for shape in (fan, (1, fan[1]))]
        ends = np.cumsum([self._members * rows * columns for rows, columns in shapes])
        weights = np.zeros(ends[-1], dtype=np.float32)
        gradient = np.zeros_like(weights)
        self._layers = _pairs(weights, ends, shapes, self._members)
        slopes = _pairs(gradient, ends, shapes, self._members)
        for matrix, _ in self._layers:
            limit = np.sqrt(6 / sum(matrix.shape[1:]))
            matrix[:] = self._rng.uniform(-limit, limit, size=matrix.shape)
        first, second = np.zeros_like(weights), np.zeros_like(weights)
        step = 0
        for _ in range(_EPOCHS):
            order = self._rng.permuted(np.tile(np.arange(len(target)), (self._members, 1)), axis=1)
            for row in range(0, len(target), _BATCH):
                step += 1
                batch = order[:, row : row + _BATCH]
                self._differentiate(features[batch], scaled[batch], slopes)
                first += (1 - _DECAY) * (gradient - first)
                second += (1 - _SQUARE_DECAY) * (gradient**2 - second)
                rate = _RATE * np.sqrt(1 - _SQUARE_DECAY**step) / (1 - _DECAY**step)
                weights -= np.float32(rate) * first / (np.sqrt(second) + np.float32(_SMALL))
        return self

    def predict(self, inputs: Floats) -> Floats:
        """Return the prediction of each member, as (members, n)."""
        rows = np.broadcast_to(inputs.astype(np.float32), (self._members, *inputs.shape))
        return np.asarray(self._centre + self._unit * self._outputs(rows)[-1][:, :, 0], dtype=np.float64)

    def _outputs(self, rows: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the input (members, n, f) and the output of every layer."""
        outputs = [rows]
        for number, (matrix, bias) in enumerate(self._layers):
            outputs.append(outputs[-1] @ matrix + bias)
            if number < _LAYERS:
                np.maximum(outputs[-1], 0, out=outputs[-1])
        return outputs

    def _differentiate(
        self,
        rows: NDArray[np.float32],
        target: NDArray[np.float32],
        slopes: list[tuple[NDArray[np.float32], NDArray[np.float32]]],
    ) -> None:
        """Write the gradient of the mean absolute error of a batch (members, n, f) into slopes."""
        outputs = self._outputs(rows)
        back = np.sign(outputs[-1] - target[:, :, None]) / np.float32(target.shape[1])
        for number in reversed(range(_LAYERS + 1)):
            matrix_slope, bias_slope = slopes[number]
            np.matmul(outputs[number].transpose(0, 2, 1), back, out=matrix_slope)
            np.sum(back, axis=1, keepdims=True, out=bias_slope)
            if number > 0:
                back = (back @ self._layers[number][0].transpose(0, 2, 1)) * (outputs[number] > 0)


def _pairs(
    flat: NDArray[np.float32], ends: NDArray[np.int64], shapes: list[tuple[int, int]], members: int
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Return the matrix and the bias of each layer as views of a flat array."""
    parts = [part.reshape(members, *shape) for part, shape in zip(np.split(flat, ends[:-1]), shapes, strict=True)]
    return list(zip(parts[::2], parts[1::2], strict=True))
