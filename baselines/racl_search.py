"""Provide the search of RACL (Dong, Li, Wang, Xu, 2020): a mixture at random, and a bound on the Lipschitz constant.

The weights of the operations are log-normal, and so, approximately, is the Lipschitz constant of the network; it has to
stay below a bound with some confidence. No code of the authors was found, and what their abstract leaves open is chosen
here: see :class:`Racl`.
"""

import math
from collections.abc import Iterable, Mapping
from statistics import NormalDist
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from pydantic import Field, PositiveFloat
from torch import Generator, Tensor, nn

from baselines.darts_search import Darts
from rnas.experiments.cell_search import CellSearchMethod, HeldBatch, Mixture
from rnas.networks.cell_skeleton import EDGES, NODES
from rnas.networks.modules._cell_operations import FactorizedReduce, Zero
from rnas.networks.modules._mixed_cells import MixedCell, MixedNetwork

_CELLS = ("normal", "reduction")


class Racl(CellSearchMethod):
    """Draw the weights of the operations from log-normal distributions, and bound the Lipschitz constant.

    Ours are the following choices. A weight is exp(l + s n) with a standard normal n for each operation of each edge,
    where l is the logarithm of the softmax of the edge's locations, so that weights cannot shrink together; s is
    fitted, too. The constant of an operation is the product of the spectral norms of its convolutions, each as the
    matrix from a patch to a pixel, and of the largest factor of its normalisation; it is measured anew at the start of
    every epoch. Constants of edges, nodes and cells are sums and products of independent log-normal variables, and a
    sum is taken as the log-normal variable of the same mean and variance. The bound is a share of the constant of the
    network with equal weights, because the constants of the operations change as the network is trained. It is kept by
    an augmented Lagrangian. The cell has the operations of the largest locations.
    """

    operations: ClassVar[tuple[str, ...]] = Darts.operations
    source: ClassVar[str] = "Dong, Li, Wang, Xu: Adversarially Robust Neural Architectures, arXiv 2009.00902, 2020"
    recipe: ClassVar[Mapping[str, Any]] = Darts.recipe

    order: Literal[1] = 1
    """Order of the gradient of the architecture."""
    deviation: PositiveFloat = 0.1
    """Standard deviation of the logarithm of a weight at the start."""
    bound: PositiveFloat = 0.5
    """Largest Lipschitz constant of the network, as a share of that of the network with equal weights."""
    confidence: float = Field(0.9, gt=0, lt=1)
    """Probability in (0, 1) with which the constant has to stay below the bound."""
    penalty: PositiveFloat = 0.01
    """Growth of the Lagrange multiplier for each step and unit of the logarithm above the bound."""

    def begin(self, network: MixedNetwork, generator: Generator) -> dict[str, Tensor]:
        """Return locations and logarithms of deviations (14, 8) of both cells, the multiplier, and the constants."""
        shape = len(EDGES), len(self.operations)
        found = {"multiplier": torch.zeros(())}
        for cell in _CELLS:
            found[f"{cell}-location"] = (self.spread * torch.randn(shape, generator=generator)).requires_grad_()
            found[f"{cell}-deviation"] = torch.full(shape, math.log(self.deviation)).requires_grad_()
        return found | constants(network)

    def strengths(self, parameters: Mapping[str, Tensor]) -> Mixture:
        """Return the median of each weight, the softmax of the locations."""
        return parameters["normal-location"].softmax(1), parameters["reduction-location"].softmax(1)

    def mixture(self, parameters: Mapping[str, Tensor], generator: Generator) -> Mixture:
        """Draw the weights of the operations."""
        drawn = []
        for cell in _CELLS:
            location, deviation = _distribution(parameters, cell)
            noise = torch.randn(location.shape, generator=generator).to(location)
            drawn.append((location + deviation * noise).exp())
        return drawn[0], drawn[1]

    def terms(self, batch: HeldBatch) -> dict[str, Tensor]:
        """Return the cross-entropy and the augmented Lagrangian of the constraint."""
        multiplier = batch.parameters["multiplier"]
        raised = (multiplier + self.penalty * self.excess(batch)).clamp_min(0)
        return super().terms(batch) | {"constraint": (raised.square() - multiplier.square()) / (2 * self.penalty)}

    @torch.no_grad()
    def after_step(self, batch: HeldBatch) -> None:
        """Raise the multiplier while the constant is above the bound, and measure operations once an epoch."""
        multiplier, progress = batch.parameters["multiplier"], batch.progress
        if progress.step % (progress.steps // progress.epochs) == 0:
            for name, measured in constants(batch.network).items():
                batch.parameters[name].copy_(measured)
        multiplier.add_(self.penalty * self.excess(batch)).clamp_min_(0)

    def excess(self, batch: HeldBatch) -> Tensor:
        """Return the logarithm of the confident upper end of the Lipschitz constant, minus that of its bound."""
        parameters = batch.parameters
        reductions = [bool(cell.reduction) for cell in batch.network.cells]
        weights = [LogNormal.of(*_distribution(parameters, cell)) for cell in _CELLS]
        found = network_constant(weights, parameters["operations"], parameters["inputs"], reductions)
        equal = torch.full_like(parameters["normal-location"], -math.log(len(self.operations)))
        reference = LogNormal.of(equal, torch.zeros_like(equal))
        usual = network_constant([reference, reference], parameters["operations"], parameters["inputs"], reductions)
        upper = found.location + NormalDist().inv_cdf(self.confidence) * found.variance.clamp_min(1e-12).sqrt()
        return upper - usual.location.detach() - math.log(self.bound)


class LogNormal(NamedTuple):
    """Hold log-normal variables.

    Attributes:
        log_mean: logarithm of the mean of each.
        variance: variance of the logarithm of each.
    """

    log_mean: Tensor
    variance: Tensor

    @classmethod
    def of(cls, location: Tensor, deviation: Tensor) -> "LogNormal":
        """Return the variables whose logarithms have this mean and this standard deviation."""
        return cls(location + deviation.square() / 2, deviation.square())

    @property
    def location(self) -> Tensor:
        """Return the mean of the logarithm of each."""
        return self.log_mean - self.variance / 2

    def times(self, other: "LogNormal") -> "LogNormal":
        """Return the products with independent variables."""
        return LogNormal(self.log_mean + other.log_mean, self.variance + other.variance)

    def scaled(self, log_factor: Tensor) -> "LogNormal":
        """Return the products with constants, of which the logarithms are given."""
        return LogNormal(self.log_mean + log_factor, self.variance)

    def sum(self) -> "LogNormal":
        """Return the variables with mean and variance of the sums over the last axis, of independent variables."""
        log_mean = self.log_mean.logsumexp(-1)
        shares = (self.log_mean - log_mean.unsqueeze(-1)).exp()
        spread = (shares.square() * self.variance.expm1()).sum(-1)
        return LogNormal(log_mean, spread.log1p())


def network_constant(
    weights: "list[LogNormal]", operations: Tensor, inputs: Tensor, reductions: Iterable[bool]
) -> LogNormal:
    """Return the Lipschitz constant of a network of mixed cells, but for its stem and its classifier.

    Args:
        weights: those of the operations (14, k) of the normal and of the reduction cell.
        operations: logarithms of the constants (cells, 14, k) of the operations; minus infinity for ``none``.
        inputs: logarithms of the constants (cells, 2) of the layers that adapt the inputs.
        reductions: whether each cell halves the map.
    """
    counted = operations[0, 0] > -math.inf
    start = operations.new_zeros(())
    before = last = LogNormal(start, start)
    for cell, reduction in enumerate(reductions):
        own = weights[reduction]
        chosen = LogNormal(own.log_mean[:, counted], own.variance[:, counted])
        edges = chosen.scaled(operations[cell][:, counted]).sum()
        states = [before.scaled(inputs[cell, 0]), last.scaled(inputs[cell, 1])]
        number = 0
        for node in range(NODES):
            read = range(number, number + node + 2)
            terms = [LogNormal(edges.log_mean[e], edges.variance[e]).times(states[EDGES[e][0]]) for e in read]
            states.append(_stacked(terms).sum())
            number = read.stop
        before, last = last, _stacked(states[2:]).sum()
    return last


def _stacked(variables: "list[LogNormal]") -> LogNormal:
    return LogNormal(torch.stack([one.log_mean for one in variables]), torch.stack([one.variance for one in variables]))


def _distribution(parameters: Mapping[str, Tensor], cell: str) -> tuple[Tensor, Tensor]:
    """Return location and deviation (14, k) of the logarithms of the weights of a cell."""
    return parameters[f"{cell}-location"].log_softmax(1), parameters[f"{cell}-deviation"].exp()


@torch.no_grad()
def constants(network: MixedNetwork) -> dict[str, Tensor]:
    """Return the logarithms of the constants of ``operations`` (cells, 14, k) and of adapted ``inputs`` (cells, 2)."""
    cells = [cell for cell in network.cells if isinstance(cell, MixedCell)]
    operations = [[[*map(lipschitz_constant, edge.operations)] for edge in cell.mixed_edges] for cell in cells]
    inputs = [[lipschitz_constant(cell.preprocess0), lipschitz_constant(cell.preprocess1)] for cell in cells]
    return {"operations": torch.tensor(operations).log(), "inputs": torch.tensor(inputs).log()}


def lipschitz_constant(operation: nn.Module) -> float:
    """Return the product of the constants of an operation's layers; 0 for one that gives zeros."""
    if isinstance(operation, Zero):
        return 0.0
    if isinstance(operation, FactorizedReduce):
        # The two convolutions read different pixels.
        return max(_of_layer(operation.conv_1), _of_layer(operation.conv_2)) * _of_layer(operation.bn)
    return math.prod(map(_of_layer, operation.modules()))


@torch.no_grad()
def _of_layer(layer: nn.Module) -> float:
    if isinstance(layer, nn.Conv2d):
        matrices = layer.weight.reshape(layer.groups, layer.out_channels // layer.groups, -1)
        return float(torch.linalg.matrix_norm(matrices, 2).max())
    if isinstance(layer, nn.BatchNorm2d):
        assert layer.running_var is not None
        return float((layer.running_var + layer.eps).rsqrt().max())
    if isinstance(layer, nn.MaxPool2d):
        # Each pixel may be the largest of this many windows in each direction.
        assert isinstance(layer.kernel_size, int)
        assert isinstance(layer.stride, int)
        return float(math.ceil(layer.kernel_size / layer.stride))
    return 1.0
