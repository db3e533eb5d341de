"""Wrap a network in the form that AutoAttack's library needs."""

import torch
from torch import Tensor, nn

_FAR_BELOW = 1000.0
"""A class with a logit so far below the others changes no cross-entropy, because exp(-1000) is 0 in float32."""


class AttackedNetwork(nn.Module):
    """Wrap a network for code that needs finite float32 logits and gradients, and images of contiguous memory.

    An image with a logit that is not finite is assigned to an additional class, which is the label of no image, so it
    counts as misclassified. Gradients that are not finite become 0, and so does the gradient of a network that has
    none. Where all values are finite, they are the network's own.

    Args:
        model: the network.
        like: images (n, C, H, W) in the number format and memory format that the network needs.
        remember: keep logits that are computed without gradient, the first for each number of images, because FAB asks
            again and again for the logits of the original images. The caller may then not write into the logits.
        trust: return all logits as they are, and look only at the end whether they were finite (:meth:`was_right`),
            because looking waits for a GPU.
    """

    def __init__(self, model: nn.Module, like: Tensor, remember: bool, trust: bool = False) -> None:
        super().__init__()
        self._model = model
        self._dtype = like.dtype
        channels_last = like.is_contiguous(memory_format=torch.channels_last) and not like.is_contiguous()
        self._memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self._remember = remember
        self._remembered: dict[int, tuple[Tensor, Tensor]] = {}
        self._trust = trust
        self._all_finite = torch.ones((), dtype=torch.bool, device=like.device)

    def was_right(self) -> bool:
        """Return whether no logit was returned that is not finite."""
        return bool(self._all_finite)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (n, K), or (n, K + 1) if some are not finite, float32, of images (n, C, H, W)."""
        if torch.is_grad_enabled() and images.requires_grad:
            return self._with_gradient(images)
        if not self._remember:
            return self._logits(images).clone()
        known = self._remembered.get(len(images))
        if known is not None and torch.equal(known[0], images):
            return known[1]
        logits = self._logits(images)
        self._remembered.setdefault(len(images), (images.detach().clone(), logits))
        return logits

    def _with_gradient(self, images: Tensor) -> Tensor:
        images = images.view_as(images)
        images.register_hook(lambda gradient: gradient.nan_to_num(0, 0, 0).contiguous())  # type: ignore[no-untyped-call]
        logits = self._logits(images)
        return logits if logits.requires_grad else logits + (0 * images).flatten(1).sum(1, keepdim=True)

    def _logits(self, images: Tensor) -> Tensor:
        logits: Tensor = self._model(images.to(dtype=self._dtype, memory_format=self._memory_format))
        logits = logits.float()
        if not self._trust:
            return _finite(logits)
        self._all_finite = self._all_finite & logits.detach().isfinite().all()
        return logits


def _finite(logits: Tensor) -> Tensor:
    finite = logits.isfinite().all(dim=1, keepdim=True)
    if finite.all():
        return logits
    kept = logits.masked_fill(~finite, 0)
    beyond = torch.where(finite, kept.detach().amin(dim=1, keepdim=True) - _FAR_BELOW, 1)
    return torch.cat((kept, beyond), dim=1)
