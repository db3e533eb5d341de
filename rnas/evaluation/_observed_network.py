"""Count the passes of a network under attack, and the gradients that are zero."""

import torch
from torch import Tensor, nn

from rnas.attacks.pgd import PGD
from rnas.attacks.state import attacking
from rnas.training._cuda_graph import Capture, Graphed


class ObservedNetwork(nn.Module):
    """Count the passes of a network, and return a gradient of zeros if it has none.

    Attributes:
        forward_passes: number of images that it has classified.
        backward_passes: number of images for which it has computed a gradient.

    Args:
        model: network from images (n, C, H, W) to logits (n, K).
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self._model = model
        self.reset()

    def reset(self) -> None:
        """Count from 0 again."""
        self.forward_passes = 0
        self.backward_passes = 0
        self._zeros: Tensor | int = 0

    def count(self, passes: tuple[int, int], zeros: Tensor | int) -> None:
        """Add passes that ran without this module's code, as a graph of its operations does.

        Args:
            passes: number of images that were classified, and for which a gradient was computed.
            zeros: number of images whose gradient was 0; a scalar on the device of the images.
        """
        self.forward_passes += passes[0]
        self.backward_passes += passes[1]
        self._zeros = self._zeros + zeros

    @property
    def counts(self) -> tuple[tuple[int, int], Tensor | int]:
        """Return what :meth:`count` would add for what was counted so far, without waiting for the device."""
        return (self.forward_passes, self.backward_passes), self._zeros

    @property
    def zero_gradients(self) -> int:
        """Return the number of images whose gradient was 0 in every pixel, or not finite in one."""
        return int(self._zeros)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (n, K) of images (n, C, H, W)."""
        self.forward_passes += len(images)
        if not torch.is_grad_enabled() or not images.requires_grad:
            logits: Tensor = self._model(images)
            return logits
        images = images.view_as(images)
        images.register_hook(self._count)  # type: ignore[no-untyped-call]
        # Adding zeros changes no number, and connects logits with images if the network does not.
        connected: Tensor = self._model(images) + (0 * images).sum(dim=(1, 2, 3))[:, None]
        return connected

    def _count(self, gradient: Tensor) -> None:
        self.backward_passes += len(gradient)
        greatest = gradient.detach().abs().amax(dim=(1, 2, 3))
        # The count stays on the device, because reading it each time would wait for the device.
        self._zeros = self._zeros + (~greatest.isfinite() | (greatest == 0)).sum()


class ObservedAttack:
    """Run PGD on an observed network as one graph, which counts as the attack does without it.

    Args:
        attack: the attack; in eval mode, without restarts.
        network: the network, on the device.
        capture: captures work on the device.
    """

    def __init__(self, attack: PGD, network: ObservedNetwork, capture: Capture) -> None:
        self._attack = attack
        self._network = network
        self._graphed = Graphed(self._ascend, capture)
        self._passes: dict[int, tuple[int, int]] = {}

    def __call__(self, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """Return adversarial images of a batch; for a shape other than the first, without the graph."""
        start = self._attack.start.of(images, float(self._attack.epsilon), ids, seed, self._attack.norm)
        before = self._network.counts
        found, zeros = self._graphed(images, labels, start)
        self._network.reset()
        self._network.count(*before)
        self._network.count(self._passes[len(images)], zeros)
        return found.clone()

    def _ascend(self, images: Tensor, labels: Tensor, start: Tensor) -> tuple[Tensor, Tensor | int]:
        self._network.reset()
        with attacking(self._network):
            found = self._attack.ascend(self._network, images, labels, start)
        self._passes[len(images)], zeros = self._network.counts
        return found, zeros
