from collections.abc import Sequence

import numpy as np
import pytest

from rnas.errors import InputError
from rnas.nas.listed_space import DesignSpace
from rnas.networks.architecture import Architecture
from rnas.networks.residual import ResidualNetwork

NETWORKS: Sequence[Architecture] = [ResidualNetwork((1, depth), (4, 8)) for depth in (1, 2, 1, 3)]


def test_it_holds_each_listed_network_once_and_nothing_else() -> None:
    space = DesignSpace(NETWORKS, (1, 8, 8), 10)
    genomes = np.arange(3)[:, None]
    assert [space.decode(genome) for genome in genomes] == [NETWORKS[0], NETWORKS[1], NETWORKS[3]]
    assert [int(space.encode(network)[0]) for network in NETWORKS] == [0, 1, 0, 2]
    costs = space.cost(genomes)
    assert costs.flops.tolist() == [space.decode(genome).cost((1, 8, 8), 10).flops for genome in genomes]
    assert len(np.unique(space.features(genomes), axis=0)) == 3
    with pytest.raises(InputError, match="is not in the design"):
        space.encode(ResidualNetwork((9, 9), (4, 8)))
