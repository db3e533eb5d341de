"""NAS-Bench-201 cells: conformance, the benchmark's own counts, and what the string rule joins."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
import torch

from rnas.errors import InputError
from rnas.networks.architecture import Architecture
from rnas.networks.modules.measured_cost import measured_cost
from rnas.networks.nas_bench_201 import OPERATIONS, NASBench201Cell, check_size, network_costs, unique_string
from rnas.testing.architecture import ArchitectureConformance

NONE, SKIP, ONE, THREE, POOL = OPERATIONS


def cell(digits: str) -> tuple[str, ...]:
    return tuple(OPERATIONS[int(digit)] for digit in digits)


class TestConformance(ArchitectureConformance):
    input_shape = (3, 8, 8)

    def architectures(self) -> Sequence[Architecture]:
        small = [NASBench201Cell(cell(digits), channels=4, cells=2) for digits in ("421211", "334131", "000000")]
        return [*small, NASBench201Cell(cell("123412"), channels=2, cells=1)]


# Counts as the benchmark's own files give them, for 3x32x32 and 10 classes: params, and FLOPs in millions.
@pytest.mark.parametrize(
    ("digits", "params", "mega_flops"),
    [("333333", 1_531_546, 220.12), ("000000", 73_306, 7.78), ("333133", 1_288_506, 184.73)],
)
def test_counts_are_the_benchmark_s(digits: str, params: int, mega_flops: float) -> None:
    cost = NASBench201Cell(cell(digits)).cost((3, 32, 32), 10)
    assert cost.params == params
    assert abs(cost.flops / 1e6 - mega_flops) < 0.01


def test_closed_form_is_exact_at_other_sizes() -> None:
    rng = np.random.default_rng(0)
    for shape, classes in (((3, 32, 32), 10), ((1, 8, 12), 7), ((4, 16, 16), 100)):
        for _ in range(3):
            drawn = NASBench201Cell(tuple(rng.choice(OPERATIONS, 6)), channels=int(rng.integers(1, 9)), cells=2)
            with torch.device("meta"):
                module = drawn.build(classes, shape)
            assert drawn.cost(shape, classes) == measured_cost(module, shape)


def test_costs_of_many_are_those_of_each() -> None:
    ones, threes = np.array([0, 1, 2]), np.array([3, 0, 4])
    costs = network_costs(ones, threes, (3, 32, 32), 10)
    for row, (one, three) in enumerate(zip(ones, threes, strict=True)):
        architecture = NASBench201Cell((ONE,) * one + (THREE,) * three + (NONE,) * (6 - one - three))
        cost = architecture.cost((3, 32, 32), 10)
        assert (cost.params, cost.flops) == (costs.params[row], costs.flops[row])


def test_the_string_rule_leaves_6466_cells() -> None:
    assert len({unique_string(operations) for operations in product(OPERATIONS, repeat=6)}) == 6466


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("333000", "000000", True),  # nothing reaches the output
        ("013130", "010303", False),
        ("300010", "100030", True),  # a convolution and a skip in either order
        ("301000", "000300", False),  # the rule leaves node 2 apart that only adds nothing
        ("300000", "000000", True),
        ("120010", "210001", False),
        ("333333", "333331", False),
    ],
)
def test_which_cells_the_string_rule_joins(one: str, other: str, same: bool) -> None:
    assert (unique_string(cell(one)) == unique_string(cell(other))) is same


def test_cells_that_the_rule_joins_compute_the_same() -> None:
    """One convolution and one skip, in either order, with the weights of each other."""
    first, second = (NASBench201Cell(cell(digits), channels=4, cells=1) for digits in ("300010", "100030"))
    assert unique_string(first.operations) == unique_string(second.operations)
    torch.manual_seed(0)
    one, other = (architecture.build(10, (3, 8, 8)).eval() for architecture in (first, second))
    weights = {name.replace("layers.0.", "layers.4."): value for name, value in one.state_dict().items()}
    assert not any(name not in weights for name in other.state_dict())
    other.load_state_dict(weights)
    images = torch.rand(2, 3, 8, 8)
    before = [other(images), one(images)]
    # A ReLU stands before the convolution, and nothing of a skip does: both read the cell's input.
    torch.testing.assert_close(*before)


def test_impossible_cells_are_refused() -> None:
    with pytest.raises(InputError, match="6 operations"):
        NASBench201Cell((NONE,) * 5)
    with pytest.raises(InputError, match="max_pool_3x3"):
        NASBench201Cell((NONE,) * 5 + ("max_pool_3x3",))
    with pytest.raises(InputError, match="at least 1"):
        NASBench201Cell((NONE,) * 6, channels=0)
    with pytest.raises(InputError, match="multiples of 4"):
        check_size((3, 30, 32))
    with pytest.raises(InputError, match="multiples of 4"):
        NASBench201Cell((NONE,) * 6).build(10, (3, 32, 30))
    with pytest.raises(InputError, match="multiples of 4"):
        NASBench201Cell((NONE,) * 6).cost((3, 6, 6), 10)
