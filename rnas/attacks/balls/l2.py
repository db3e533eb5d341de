"""The l2 ball, of Euclidean distance."""

import torch
from torch import Tensor

from rnas.attacks.balls.ball import per_image
from rnas.utils.counter_noise import normal, uniform


class L2:
    """See :class:`rnas.attacks.balls.ball.Ball`."""

    def size(self, change: Tensor) -> Tensor:
        """Euclidean norm (n,)."""
        size: Tensor = torch.linalg.vector_norm(change.flatten(1), dim=1)
        return size

    def ascend(self, points: Tensor, gradient: Tensor, length: float) -> Tensor:
        """A step along the gradient, brought to the length."""
        return torch.add(points, self._unit(gradient), alpha=length)

    def project(self, points: Tensor, images: Tensor, radius: float) -> Tensor:
        """What was added is scaled down to the radius, then cut off at [0, 1].

        As attacks do it since Madry et al. (2018); the nearest point of ball and range together can be another one.
        """
        change = points - images
        size = self.size(change)
        share = torch.where(size > radius, radius / size, torch.ones_like(size))
        inside = torch.addcmul(images, change, per_image(share, change))
        return torch.where(per_image(size > radius, change), inside, points).clamp_(0, 1)

    def noise(self, seed: int, ids: Tensor, shape: tuple[int, ...]) -> Tensor:
        """A direction of normal noise, at a distance whose power of the number of pixels is uniform."""
        pixels = torch.Size(shape).numel()
        direction = normal(seed, ids, (pixels,))
        # The number after those that made the direction is independent of them.
        share = (uniform(seed, ids, (pixels + 1,))[:, -1] + 1) / 2
        length = share.pow(1 / pixels) / self.size(direction)
        return (direction * length[:, None]).reshape(len(ids), *shape)

    def _unit(self, gradient: Tensor) -> Tensor:
        # Squares of the tiny gradients of confident networks would be 0.
        greatest = gradient.abs().flatten(1).amax(1)
        scaled = gradient / per_image(torch.where(greatest > 0, greatest, torch.ones_like(greatest)), gradient)
        size = self.size(scaled)
        return scaled / per_image(torch.where(size > 0, size, torch.ones_like(size)), scaled)
