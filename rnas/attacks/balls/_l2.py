"""Implement the l2 ball, in the Euclidean norm."""

import torch
from torch import Tensor

from rnas.attacks.balls.ball import per_image
from rnas.utils.counter_noise import normal, uniform


class L2:
    """Provide the geometry of the l2 ball."""

    def size(self, change: Tensor) -> Tensor:
        """Return the Euclidean norm (n,)."""
        size: Tensor = torch.linalg.vector_norm(change.flatten(1), dim=1)
        return size

    def ascend(self, points: Tensor, gradient: Tensor, length: float) -> Tensor:
        """Take a step of the given length along the gradient."""
        return torch.add(points, self._unit(gradient), alpha=length)

    def project(self, points: Tensor, images: Tensor, radius: float) -> Tensor:
        """Scale the perturbation down to the radius, then clip the points to [0, 1].

        Attacks have done this since Madry et al. (2018). The nearest point of the ball and the range together can be
        another one.
        """
        change = points - images
        size = self.size(change)
        share = torch.where(size > radius, radius / size, torch.ones_like(size))
        inside = torch.addcmul(images, change, per_image(share, change))
        return torch.where(per_image(size > radius, change), inside, points).clamp_(0, 1)

    def noise(self, seed: int, ids: Tensor, shape: tuple[int, ...]) -> Tensor:
        """Draw a direction from normal noise, and a distance that makes the points uniform in the ball."""
        pixels = torch.Size(shape).numel()
        direction = normal(seed, ids, (pixels,))
        # The number after those of the direction is independent of them.
        share = (uniform(seed, ids, (pixels + 1,))[:, -1] + 1) / 2
        length = share.pow(1 / pixels) / self.size(direction)
        return (direction * length[:, None]).reshape(len(ids), *shape)

    def _unit(self, gradient: Tensor) -> Tensor:
        # The gradients of confident networks are tiny, and their squares would round to 0.
        greatest = gradient.abs().flatten(1).amax(1)
        scaled = gradient / per_image(torch.where(greatest > 0, greatest, torch.ones_like(greatest)), gradient)
        size = self.size(scaled)
        return scaled / per_image(torch.where(size > 0, size, torch.ones_like(size)), scaled)
