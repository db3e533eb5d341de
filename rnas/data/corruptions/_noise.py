"""Add noise to single pixels, with the severities of CIFAR-10-C (Hendrycks and Dietterich, ICLR 2019)."""

import torch
from scipy.special import pdtr, pdtrik
from torch import Tensor

from rnas.data.corruptions._randomness import normal, uniform


def gaussian_noise(images: Tensor, severity: int, ids: Tensor, seed: int) -> Tensor:
    """Add normal noise of standard deviation 0.04 to 0.1. See :mod:`rnas.data.corruptions.named`."""
    deviation = (0.04, 0.06, 0.08, 0.09, 0.10)[severity - 1]
    drawn = normal("gaussian_noise", seed, ids, tuple(images.shape[1:]))
    return images.add(drawn.to(images.dtype), alpha=deviation).clamp_(0, 1)


def shot_noise(images: Tensor, severity: int, ids: Tensor, seed: int) -> Tensor:
    """Draw Poisson counts of photons, with 500 down to 50 photons for white. See :mod:`rnas.data.corruptions.named`."""
    photons = (500, 250, 100, 75, 50)[severity - 1]
    drawn = uniform("shot_noise", seed, ids, tuple(images.shape[1:])).double().cpu()
    # Half a step between the 2^24 values of uniform noise, so the share is never 0.
    share = ((drawn + 1) / 2 + 2.0**-25).numpy()
    mean = images.double().cpu().numpy() * photons
    # The count is the smallest whose distribution function reaches the share; the real-valued inverse may be one above.
    count = pdtrik(share, mean).clip(min=0)
    counts = torch.from_numpy(count).ceil()
    below = (counts - 1).clamp_(min=0)
    enough = torch.from_numpy(pdtr(below.numpy(), mean)) >= torch.from_numpy(share)
    counts = torch.where(enough, below, counts).div_(photons)
    return counts.to(images.device, images.dtype).clamp_(0, 1)


def impulse_noise(images: Tensor, severity: int, ids: Tensor, seed: int) -> Tensor:
    """Set a share of 0.01 to 0.07 of all values to 0 or 1. See :mod:`rnas.data.corruptions.named`."""
    share = (0.01, 0.02, 0.03, 0.05, 0.07)[severity - 1]
    drawn = uniform("impulse_noise", seed, ids, tuple(images.shape[1:]))
    return torch.where(drawn.abs() < share, (drawn > 0).to(images.dtype), images)
