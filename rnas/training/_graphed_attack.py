"""Run all steps of the inner attack as one CUDA graph, so that the GPU does not wait for their launches."""

import torch
from torch import Tensor, nn

from rnas.attacks.pgd import PGD
from rnas.attacks.state import attacking

_WARM_UPS = 3


class GraphedAttack:
    """Capture the steps of PGD once and replay them, for batches of one shape on one GPU.

    The noise is drawn outside the graph. The graph reads weights and statistics from their memory, so an optimiser must
    change them in place, as torch's optimisers do.

    Args:
        attack: the attack to capture; in eval mode, which updates nothing.
        model: the network, on the GPU.
    """

    def __init__(self, attack: PGD, model: nn.Module) -> None:
        self._attack = attack
        self._model = model
        self._graph: torch.cuda.CUDAGraph | None = None
        self._inputs: tuple[Tensor, Tensor, Tensor] = ()  # type: ignore[assignment]
        self._result = torch.empty(0)

    def __call__(self, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """Return adversarial images of a batch; for a shape other than the first, without the graph."""
        start = self._attack.start.of(images, float(self._attack.epsilon), ids, seed)
        # Graphs and streams are created on the current device.
        with torch.cuda.device(images.device), attacking(self._model):
            if self._graph is None:
                self._capture(images, labels, start)
            if images.shape != self._inputs[0].shape or labels.shape != self._inputs[1].shape:
                return self._attack.ascend(self._model, images, labels, start)
            for kept, given in zip(self._inputs, (images, labels, start), strict=True):
                kept.copy_(given)
            assert self._graph is not None
            self._graph.replay()
        return self._result.clone()

    def _capture(self, images: Tensor, labels: Tensor, start: Tensor) -> None:
        self._inputs = (images.clone(), labels.clone(), start.clone())
        stream: torch.cuda.Stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        # Libraries choose and set up their kernels in the first runs, which must not be captured.
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UPS):
                self._ascend()
        torch.cuda.current_stream().wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._result = self._ascend()

    def _ascend(self) -> Tensor:
        images, labels, start = self._inputs
        return self._attack.ascend(self._model, images, labels, start)
