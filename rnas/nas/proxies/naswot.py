"""Score networks by NASWOT: how differently an untrained network's activations respond to different images.

Mellor, Turner, Storkey, Crowley, "Neural Architecture Search without Training" (ICML 2021). The code of an image has
one bit for each unit: whether the input of its activation function is positive. Let K be the matrix of the numbers of
bits in which two images agree. The score is log det K, which is larger the more all codes differ.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from rnas.errors import DivergedError, InputError
from rnas.nas.proxies.proxy import untrained
from rnas.networks.architecture import Architecture, Shape

_ATEN = torch.ops.aten
_ACTIVATIONS = frozenset(
    {
        _ATEN.relu,
        _ATEN.relu_,
        _ATEN.silu,
        _ATEN.silu_,
        _ATEN.gelu,
        _ATEN.mish,
        _ATEN.softplus,
        _ATEN.elu,
        _ATEN.leaky_relu,
        _ATEN._prelu_kernel,
    }
)


def naswot(architecture: Architecture, input_shape: Shape, num_classes: int, images: Tensor, seed: int) -> float:
    """Return log det K, or -inf if K is singular; see :class:`rnas.nas.proxies.Proxy`.

    K is singular if two images have the same code, for example. As published, normalisation uses the statistics of
    these images, and the score depends on their number (128 in the paper), so that only scores on the same images can
    be compared. The paper is about ReLU; smooth activations are also read by the sign of their input.

    Raises:
        InputError: the network has no such activation, or there is only one image.
        DivergedError: the input of an activation is not finite.
    """
    if len(images) < 2:
        raise InputError("NASWOT compares images: give at least two")
    with untrained(architecture, input_shape, num_classes, seed) as model, torch.no_grad(), _Agreements() as agreements:
        model(images.double())
    if agreements.units == 0:
        raise InputError(f"NASWOT reads activations such as ReLU; the network of kind {architecture.kind!r} has none")
    return log_determinant(agreements.matrix)


def log_determinant(matrix: Tensor) -> float:
    """Return log det of a positive semidefinite matrix (n, n); -inf if it is singular."""
    eigenvalues = torch.linalg.eigvalsh(matrix)
    rounding = len(matrix) * torch.finfo(matrix.dtype).eps * eigenvalues[-1]
    return -math.inf if eigenvalues[0] <= rounding else eigenvalues.log().sum().item()


class _Agreements(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Context that counts, over all units of all activations that run, where two images of the batch agree.

    It intercepts the operations, so that activations count equally as modules and as functions.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.units = 0
        self.matrix = torch.zeros(0)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.overloadpacket in _ACTIVATIONS:
            self._count(args[0].flatten(1))
        return func(*args, **(kwargs or {}))

    def _count(self, entering: Tensor) -> None:
        """Count the agreements of the inputs (n, units) of an activation."""
        if not entering.isfinite().all():
            raise DivergedError("the input of an activation of the untrained network is not finite")
        # Counts below 2^24 are exact in float32.
        code = (entering > 0).float()
        agreeing = (code @ code.T + (1 - code) @ (1 - code).T).double()
        self.matrix = self.matrix + agreeing if self.units else agreeing
        self.units += entering.shape[1]
