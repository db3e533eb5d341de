"""Networks that are right or wrong, drawn instead of trained."""

import numpy as np
from scipy.stats import norm

from rnas.statistics.crossed import Bools


def right(
    rng: np.random.Generator,
    accuracies: list[float],
    seeds: int = 3,
    images: int = 500,
    by_seed: float = 0.02,
    by_network_and_seed: float = 0.03,
    by_image: float = 2.0,
    by_network_and_image: float = 0.5,
) -> Bools:
    """(networks, seeds, images) of these accuracies over all seeds and images there could be.

    What seeds and images do is drawn on the scale of the normal quantile; equal accuracies are equal distributions.
    """
    networks = len(accuracies)
    scatter = 1 + by_seed**2 + by_network_and_seed**2 + by_image**2 + by_network_and_image**2
    latent = norm.ppf(np.array(accuracies))[:, None, None] * np.sqrt(scatter)
    latent = latent + by_seed * rng.normal(size=(1, seeds, 1))
    latent = latent + by_network_and_seed * rng.normal(size=(networks, seeds, 1))
    latent = latent + by_image * rng.normal(size=(1, 1, images))
    latent = latent + by_network_and_image * rng.normal(size=(networks, 1, images))
    drawn: Bools = latent + rng.normal(size=(networks, seeds, images)) > 0
    return drawn
