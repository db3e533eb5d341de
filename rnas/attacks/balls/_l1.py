"""Implement the l1 ball together with the range of pixels (Croce and Hein, ICML 2021, "Mind the box")."""

import torch
from torch import Tensor

from rnas.attacks.balls.ball import per_image
from rnas.utils.counter_noise import uniform


class L1:
    """Provide the geometry of the l1 ball."""

    def size(self, change: Tensor) -> Tensor:
        """Return the sum of the absolute changes of all pixels, (n,)."""
        return change.abs().flatten(1).sum(1)

    def ascend(self, points: Tensor, gradient: Tensor, length: float) -> Tensor:
        """Take the step of this length that raises a linear loss most without leaving [0, 1].

        Pixels move to the end of their range, the largest gradients first, until the length is used up. So few pixels
        move; without the limit of the range only one would.
        """
        slope = gradient.flatten(1)
        order = slope.abs().argsort(dim=1, descending=True, stable=True)
        slope = slope.gather(1, order)
        before = points.flatten(1).gather(1, order)
        room = torch.where(slope > 0, 1 - before, before).clamp_(min=0) * (slope != 0)
        spent = room.cumsum(1) - room
        moved = torch.minimum((length - spent).clamp_(min=0), room) * slope.sign()
        return points + torch.zeros_like(moved).scatter_(1, order, moved).reshape(points.shape)

    def project(self, points: Tensor, images: Tensor, radius: float) -> Tensor:
        """Return the nearest points, in the Euclidean norm, of the ball and [0, 1] together; exact except for rounding.

        Each change is min(max(|u| - t, 0), room): u is the change before, room is what [0, 1] allows in its direction,
        and t >= 0 is the least threshold at which the sum is at most the radius. The sum is a piecewise linear and
        falling function of t, so t is found by sorting the ends of its pieces (Croce and Hein, 2021, proposition 2.1).
        """
        change = (points - images).flatten(1).double()
        wide, start = change.abs(), images.flatten(1).double()
        room = torch.where(change > 0, 1 - start, start)
        # A change shrinks from the first kind of end to the second, after which it is 0.
        ends, order = torch.cat([(wide - room).clamp_(min=0), wide], dim=1).sort(dim=1)
        slope = torch.where(order < wide.shape[1], -1.0, 1.0).to(wide).cumsum(1)
        whole = torch.minimum(wide, room).sum(1, keepdim=True)
        sums = torch.cat([whole, whole + (slope[:, :-1] * ends.diff(dim=1)).cumsum(1)], dim=1)
        # The threshold is on the piece before the first end at which the sum is small enough.
        piece = (sums > radius).sum(1, keepdim=True).sub_(1)
        at = piece.clamp(min=0)
        threshold = ends.gather(1, at) + (sums.gather(1, at) - radius) / -slope.gather(1, at).clamp_(max=-1)
        moved = (wide - threshold).clamp_(min=0).minimum(room)
        # This removes what rounding leaves above the radius.
        moved = moved * (radius / moved.sum(1, keepdim=True).clamp_(min=radius or 1.0))
        nearest = images + (moved * change.sign()).to(images.dtype).reshape(images.shape)
        return torch.where(per_image(piece >= 0, images), nearest, points).clamp_(0, 1)

    def noise(self, seed: int, ids: Tensor, shape: tuple[int, ...]) -> Tensor:
        """Divide signed exponential variables by their sum plus one more (Barthe et al., Ann. Probab. 2005)."""
        pixels = torch.Size(shape).numel()
        # Adding half a step to -1 keeps the logarithm finite.
        drawn = uniform(seed, ids, (pixels + 1,)) + 2.0**-24
        laplace = -torch.log1p(-drawn.abs()) * drawn.sign()
        unit = laplace[:, :-1] / laplace.abs().sum(1, keepdim=True)
        return unit.reshape(len(ids), *shape)
