"""Run all steps of PGD as one CUDA graph, so that the GPU does not wait for their launches."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from rnas.attacks.attack import Attack
from rnas.attacks.pgd import PGD
from rnas.attacks.state import attacking
from rnas.data.dataset import Split
from rnas.training._cuda_graph import CAPTURES, Capture, Graphed, captured

_FEWEST_BATCHES = 8
"""Batches below which capturing an attack costs more than it saves."""


class GraphedAttack:
    """Capture the steps of PGD once and replay them, for batches of one shape on one GPU.

    The noise is drawn outside the graph. The graph reads weights and statistics from their memory, so an optimiser must
    change them in place, as torch's optimisers do. An attack that cannot be captured runs without a graph.

    Args:
        attack: the attack to capture; in eval mode, which updates nothing.
        model: the network, on the GPU.
        before: work that is part of the graph, before the first step.
        capture: captures work on the device.
    """

    def __init__(
        self, attack: PGD, model: nn.Module, before: Callable[[], None] = lambda: None, capture: Capture = captured
    ) -> None:
        self._attack = attack
        self._model = model
        self._before = before
        self._graphed = Graphed(self._ascend, capture)

    @property
    def failure(self) -> str:
        """Return why there is no graph; see :class:`rnas.training._cuda_graph.Graphed`."""
        return self._graphed.failure

    def __call__(self, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """Return adversarial images of a batch; for a shape other than the first, without the graph."""
        start = self._attack.start.of(images, float(self._attack.epsilon), ids, seed, self._attack.norm)
        return self._graphed(images, labels, start).clone()

    def _ascend(self, images: Tensor, labels: Tensor, start: Tensor) -> Tensor:
        self._before()
        with attacking(self._model):
            return self._attack.ascend(self._model, images, labels, start)


def graphed_where_possible(
    attack: Attack, model: nn.Module, split: Split, batch_size: int
) -> Callable[[Tensor, Tensor, Tensor, int], Tensor]:
    """Return an attack on batches of a split, as a graph if it is PGD and there are enough batches on a GPU."""
    capture = capture_of(attack, split.pixels.device, len(split) // batch_size)
    if capture is None or not isinstance(attack, PGD):
        return partial(attack, model)
    return GraphedAttack(attack, model, capture=capture)


def capture_of(attack: Attack, device: torch.device, batches: int) -> Capture | None:
    """Return what captures an attack on a device, or None if it is better run without a graph.

    Args:
        attack: only PGD in eval mode without restarts, which choose images, is captured.
        device: of the images.
        batches: number of batches of one size.
    """
    if batches < _FEWEST_BATCHES or not isinstance(attack, PGD) or attack.mode != "eval" or attack.restarts > 1:
        return None
    return CAPTURES.get(device.type)
