"""Networks of mixed cells: their sizes, and that they contain the networks that are derived from them."""

import pytest
import torch

from baselines.darts_search import Darts
from rnas.errors import InputError
from rnas.networks import measured_cost
from rnas.networks.cell_skeleton import EDGES
from rnas.networks.darts_cells import doubling_network
from rnas.networks.genotypes import GENOTYPES
from rnas.networks.modules._mixed_cells import MixedNetwork, mixed_network

OPERATIONS = Darts.operations


def small(layers: int = 4, channels: int = 2) -> MixedNetwork:
    torch.manual_seed(0)
    return mixed_network(OPERATIONS, layers, channels, 3, (1, 8, 8))


@pytest.mark.slow
def test_the_network_of_the_papers_has_their_size() -> None:
    with torch.device("meta"):
        network = mixed_network(OPERATIONS, 8, 16, 10, (3, 32, 32))
    cost = measured_cost(network, (3, 32, 32))
    assert (cost.params, cost.flops) == (1_930_618, 300_255_744)


def test_with_the_weights_of_a_genotype_it_is_the_network_of_this_genotype() -> None:
    genotype = GENOTYPES["racl"]
    # Pooling is normalised in the mixed network alone.
    nodes = tuple(
        tuple((name.replace("avg_pool", "sep_conv"), source) for name, source in node)
        for node in genotype.reduction.nodes
    )
    genotype = type(genotype)(genotype.normal, type(genotype.normal)(nodes))
    mixed = small().eval()
    alone = doubling_network(genotype, 4, 2).build(3, (1, 8, 8)).eval()
    tables = [torch.zeros(len(EDGES), len(OPERATIONS)) for _ in range(2)]
    weights = {name: tensor for name, tensor in mixed.state_dict().items() if "edges" not in name}
    for cell, (one, other) in enumerate(zip(mixed.cells, alone.cells, strict=True)):
        own = genotype.reduction if one.reduction else genotype.normal
        for number, (name, edge) in enumerate(
            (name, EDGES.index((source, node)))
            for node, edges in enumerate(own.nodes, start=2)
            for name, source in edges
        ):
            tables[one.reduction][edge, OPERATIONS.index(name)] = 1.0
            operation = one.edges[edge].operations[OPERATIONS.index(name)]
            weights |= {f"cells.{cell}._ops.{number}.{key}": tensor for key, tensor in operation.state_dict().items()}
        assert len(other._ops) == 8
    missing, unexpected = alone.load_state_dict(weights, strict=False)
    assert unexpected == []
    # These are of a normalisation, which multiplies by 1 and adds 0.
    assert {name.rpartition(".")[2] for name in missing} == {"weight", "bias"}
    images = torch.rand(2, 1, 8, 8)
    with torch.no_grad(), mixed.mixing(*tables):
        torch.testing.assert_close(mixed(images), alone(images), rtol=1e-5, atol=1e-5)


def test_weights_that_are_copied_hold_where_no_others_are_given() -> None:
    network, images = small().eval(), torch.rand(2, 1, 8, 8)
    tables = [torch.rand(len(EDGES), len(OPERATIONS)) for _ in range(2)]
    with torch.no_grad():
        equal = network(images)
        with network.mixing(*tables):
            given = network(images)
        torch.testing.assert_close(network(images), equal)
        network.mix(*tables)
        torch.testing.assert_close(network(images), given)
    assert (given - equal).abs().max() > 1e-3


def test_logits_have_the_gradient_of_the_weights_of_operations() -> None:
    network = small().double().eval()
    images = torch.rand(2, 1, 8, 8, dtype=torch.float64)

    def logits(normal: torch.Tensor, reduction: torch.Tensor) -> torch.Tensor:
        with network.mixing(normal, reduction):
            return network(images)

    tables = [torch.rand(len(EDGES), len(OPERATIONS), dtype=torch.float64, requires_grad=True) for _ in range(2)]
    assert torch.autograd.gradcheck(logits, tables, fast_mode=True)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"layers": 3}, "layers is 3"),
        ({"channels": 0}, "each is at least 1"),
        ({"input_shape": (1, 6, 6)}, "cannot halve a 3x3 map"),
        ({"operations": ("none", "conv")}, "unknown operation 'conv'"),
    ],
)
def test_impossible_networks(given: dict[str, object], message: str) -> None:
    settings = {"operations": OPERATIONS, "layers": 4, "channels": 2, "num_classes": 3, "input_shape": (1, 8, 8)}
    with pytest.raises(InputError, match=message):
        mixed_network(**{**settings, **given})
