"""Count the passes of a network under attack, and the gradients that are zero."""

import torch
from torch import Tensor, nn


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
