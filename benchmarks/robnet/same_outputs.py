"""Compare 50 random paths of a supernet of every space with stand-alone networks of the same weights.

``PYTHONPATH=. python benchmarks/robnet/same_outputs.py`` from the root of the repository prints the largest difference.
"""

import numpy as np
import torch

from rnas.nas.supernet import Supernet
from rnas.networks import architecture as arch
from tests.rnas.nas.supernet.test_supernet import SPACES, space_of

PATHS = 50


def main() -> None:
    images = torch.rand((3, 1, 8, 8), generator=torch.Generator().manual_seed(0))
    for name in SPACES:
        space, rng = space_of(name), np.random.default_rng(5)
        supernet, seen, worst = Supernet(space, seed=1), set(), 0.0
        while len(seen) < PATHS:
            architecture = space.decode(space.uniform(1, rng)[0])
            if architecture in seen:
                continue
            seen.add(architecture)
            path, alone = supernet.path(architecture).network, arch.build(architecture, 10, (1, 8, 8))
            weights = {own: weight.detach() for own, weight in path.named_parameters()}
            alone.load_state_dict(weights, strict=False)
            with torch.no_grad():
                worst = max(worst, float((alone.train()(images) - path.train()(images)).abs().max()))
        print(f"{name}: {len(seen)} paths, largest difference of logits {worst:.1e}", flush=True)


if __name__ == "__main__":
    main()
