import pytest
import torch
from torch import Tensor, nn

from rnas.errors import InputError
from rnas.evaluation.diagnostics.fsp import fsp_distances, fsp_matrices
from rnas.networks.robnet import CODES, RobNetwork
from tests.rnas.evaluation.diagnostics.networks import convolution, images, linear


def test_a_matrix_by_hand() -> None:
    # Two channels of 1 x 2 in, one out: the mean over the two positions of the products.
    inputs = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])
    outputs = torch.tensor([[[[5.0, 6.0]]]])
    assert fsp_matrices(inputs, outputs).tolist() == [[[8.5], [19.5]]]


def test_maps_of_different_size_are_pooled_to_the_smaller() -> None:
    inputs = torch.tensor([[[[1.0, 2.0, 0.0, 1.0], [0.0, 0.0, 3.0, 0.0]]]])
    outputs = torch.tensor([[[[10.0, 100.0]], [[1.0, 0.0]]]])
    # The greatest of each half of the input: 2 and 3.
    assert fsp_matrices(inputs, outputs).tolist() == [[[160.0, 1.0]]]
    assert torch.equal(fsp_matrices(outputs, inputs), fsp_matrices(inputs, outputs).mT)


@pytest.mark.parametrize("batch_size", [100, 1])
def test_distances_of_a_convolutional_network_by_hand(batch_size: int) -> None:
    # One channel to two: the image and its double, of which the second block keeps the sum.
    first, second = convolution([[[[1.0]]], [[[2.0]]]]), convolution([[[[1.0]], [[1.0]]]])
    model = nn.Sequential(first, second, nn.Flatten())
    clean, attacked = images([[1.0, 2.0]], [[0.0, 1.0]]), images([[1.0, 4.0]], [[0.0, 1.0]])
    # Mean of squares s: 2.5 and 8.5 in the first image. G = [s, 2 s], then [3 s, 6 s]; moved by 6 and equal.
    found = fsp_distances(model, clean, attacked, batch_size)
    assert list(found) == ["0", "1"]
    assert found["0"].tolist() == [36.0 + 144.0, 0.0]
    assert found["1"].tolist() == [324.0 + 1296.0, 0.0]


def test_a_cell_reads_the_output_of_the_cell_before() -> None:
    torch.manual_seed(0)
    model = RobNetwork(CODES["large"], layers=4, channels=2).build(3, (3, 16, 16)).double().eval()
    clean, attacked = torch.rand(2, 3, 3, 16, 16, dtype=torch.float64)
    states: dict[Tensor, list[Tensor]] = {}
    with torch.no_grad():
        for batch in (clean, attacked):
            outputs = [model.stem(batch)] * 2
            for cell in model.cells:
                outputs.append(cell(*outputs[-2:]))
            states[batch] = outputs[1:]
    found = fsp_distances(model, clean, attacked, batch_size=2)
    assert list(found) == [f"cells.{number}" for number in range(4)]
    for number, distances in enumerate(found.values()):
        before, after = (fsp_matrices(outputs[number], outputs[number + 1]) for outputs in states.values())
        assert torch.allclose(distances, (before - after).square().sum((1, 2)), rtol=1e-9)
        assert (distances > 0).all()


def test_a_block_that_overwrites_its_input() -> None:
    model = nn.Sequential(convolution([[[[1.0]]], [[[-1.0]]]]), nn.ReLU(inplace=True), nn.Flatten())
    found = fsp_distances(model, images([[1.0, 0.0]]), images([[0.0, 0.0]]))
    # Channels 1 and -1 at the first position enter, 1 and 0 leave: products [[1, 0], [-1, 0]] over two positions.
    assert found["1"].item() == 0.5


def test_a_matrix_that_is_not_finite_is_infinitely_far() -> None:
    model = nn.Sequential(convolution([[[[1.0]]]]), nn.Flatten())
    found = fsp_distances(model, images([[1.0]], [[1.0]]), images([[torch.inf]], [[2.0]]))
    assert found["0"].tolist() == [torch.inf, 9.0]


def test_a_network_without_feature_maps_has_none() -> None:
    with pytest.raises(InputError, match="no FSP matrix"):
        fsp_distances(linear([[1.0, 2.0]]), images([[0.0, 0.0]]), images([[1.0, 0.0]]))
