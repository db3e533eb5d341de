"""Run all steps of the inner attack as one CUDA graph, so that the GPU does not wait for their launches."""

import torch
from torch import Tensor, nn

from rnas.attacks.pgd import PGD
from rnas.attacks.state import attacking
from rnas.errors import error_text
from rnas.training._cuda_graph import captured
from rnas.utils._devices import release
from rnas.utils._text import one_line


class GraphedAttack:
    """Capture the steps of PGD once and replay them, for batches of one shape on one GPU.

    The noise is drawn outside the graph. The graph reads weights and statistics from their memory, so an optimiser must
    change them in place, as torch's optimisers do. An attack that cannot be captured runs without a graph.

    Args:
        attack: the attack to capture; in eval mode, which updates nothing.
        model: the network, on the GPU.

    Attributes:
        failure: why there is no graph, in one line; empty if there is one, or none was captured yet.
    """

    def __init__(self, attack: PGD, model: nn.Module) -> None:
        self._attack = attack
        self._model = model
        self._graph: torch.cuda.CUDAGraph | None = None
        self._inputs: tuple[Tensor, Tensor, Tensor] = ()  # type: ignore[assignment]
        self._result = torch.empty(0)
        self.failure = ""

    def __call__(self, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """Return adversarial images of a batch; for a shape other than the first, without the graph."""
        start = self._attack.start.of(images, float(self._attack.epsilon), ids, seed)
        # Graphs and streams are created on the current device.
        with torch.cuda.device(images.device), attacking(self._model):
            if self._graph is None and not self.failure:
                self._capture(images, labels, start)
            if self._graph is None or images.shape != self._inputs[0].shape or labels.shape != self._inputs[1].shape:
                return self._attack.ascend(self._model, images, labels, start)
            for kept, given in zip(self._inputs, (images, labels, start), strict=True):
                kept.copy_(given)
            self._graph.replay()
        return self._result.clone()

    def _capture(self, images: Tensor, labels: Tensor, start: Tensor) -> None:
        self._inputs = (images.clone(), labels.clone(), start.clone())
        try:
            self._graph, self._result = captured(self._ascend)
        except Exception as error:
            # Without a graph the result is the same, or the error says what is wrong with the network.
            self.failure = one_line(f"{type(error).__name__}: {error_text(error)}")
            self._inputs = ()  # type: ignore[assignment]
        if self.failure:
            # Only here has the traceback let go of what was allocated.
            release()

    def _ascend(self) -> Tensor:
        images, labels, start = self._inputs
        return self._attack.ascend(self._model, images, labels, start)
