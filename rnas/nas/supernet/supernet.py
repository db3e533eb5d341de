"""Hold weights that all networks of a search space share, and build its networks from them."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.overrides import TorchFunctionMode

from rnas.errors import InputError
from rnas.nas.space import SearchSpace
from rnas.nas.supernet.shared_space import SharesWeights
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture
from rnas.training._sampled_convolution import sample_before_pointwise_convolutions

_NORMALIZATIONS = (_NormBase, nn.GroupNorm, nn.LayerNorm)
_DRAWING = ("kaiming_uniform_", "kaiming_normal_", "uniform_", "normal_")
_HELD_PATHS = 16

Index = tuple[slice, ...]


@dataclass(frozen=True)
class Path:
    """Hold a network whose parameters are parts of shared tensors and have no memory of their own.

    Attributes:
        network: from images (N, C, H, W) in [0, 1] to logits. Its running statistics are its own, and no path's.
        parts: each parameter with the name of its shared tensor and the place in it.
    """

    network: nn.Module
    parts: tuple[tuple[nn.Parameter, str, Index], ...]


class Supernet:
    """Hold the shared weights of a search space.

    The shared tensors are parameters. Running statistics of batch normalisation are not shared: a path has to measure
    its own, see :func:`rnas.nas.supernet.statistics.measure_statistics`.

    Args:
        space: a space whose networks share weights, bound to images.
        seed: seed of the initial weights.
        device: device of the weights.

    Attributes:
        space: the space.
        weights: shared tensors by name.
        normalization: names of those that are weights and biases of normalisation layers.

    Raises:
        InputError: the networks of the space share no weights.
    """

    def __init__(self, space: SearchSpace, seed: int = 0, device: torch.device | str = "cpu") -> None:
        self.space = space
        self._shares = sharing(space)
        self.weights: dict[str, nn.Parameter] = {}
        self.normalization: set[str] = set()
        self._paths: OrderedDict[str, Path] = OrderedDict()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            for name, tensor in self._initial().items():
                self.weights[name] = nn.Parameter(tensor.to(device))

    def _initial(self) -> dict[str, Tensor]:
        """Return the initial weights, each drawn as the largest stand-alone network that has it draws its own."""
        architectures = list(dict.fromkeys(self._shares.largest()))
        shapes: dict[str, tuple[int, ...]] = {}
        sources: dict[str, tuple[int, int]] = {}
        for number, architecture in enumerate(architectures):
            with torch.device("meta"):
                network = self._built(architecture)
            self.normalization |= {
                self._shares.shared_name(architecture, f"{prefix}.{name}")
                for prefix, module in network.named_modules()
                if isinstance(module, _NORMALIZATIONS)
                for name, _ in module.named_parameters(recurse=False)
            }
            for own, parameter in network.named_parameters():
                name, shape = self._shares.shared_name(architecture, own), tuple(parameter.shape)
                known = shapes.get(name, (0,) * len(shape))
                shapes[name] = tuple(map(max, known, shape))
                if parameter.numel() > sources.get(name, (0, 0))[1]:
                    sources[name] = number, parameter.numel()
        found: dict[str, Tensor] = {}
        for number in sorted({number for number, _ in sources.values()}):
            architecture = architectures[number]
            for own, parameter in self._built(architecture).named_parameters():
                name = self._shares.shared_name(architecture, own)
                if sources[name][0] == number and name not in found:
                    found[name] = _grown(parameter.detach(), shapes[name])
        return dict(sorted(found.items()))

    def path(self, architecture: Architecture) -> Path:
        """Return the network of an architecture, whose parameters share the memory of the supernet's.

        Raises:
            InputError: the supernet has no such network.
        """
        key = arch.key(architecture)
        if key not in self._paths:
            self._paths[key] = self._path(architecture)
            if len(self._paths) > _HELD_PATHS:
                self._paths.popitem(last=False)
        self._paths.move_to_end(key)
        return self._paths[key]

    def _path(self, architecture: Architecture) -> Path:
        device = next(iter(self.weights.values())).device
        # The weights that it draws are replaced at once, and must not move the generators of others.
        with torch.random.fork_rng(devices=[]), _WithoutDrawing():
            network = self._built(architecture).to(device)
        sample_before_pointwise_convolutions(network)
        parts = []
        for module_name, module in network.named_modules():
            for leaf, parameter in module.named_parameters(recurse=False):
                own = f"{module_name}.{leaf}" if module_name else leaf
                name = self._shares.shared_name(architecture, own)
                index = self._index(name, tuple(parameter.shape), architecture)
                part = nn.Parameter(self.weights[name].detach()[index])
                module._parameters[leaf] = part
                parts.append((part, name, index))
        return Path(network, tuple(parts))

    def standalone(self, architecture: Architecture) -> nn.Module:
        """Return the stand-alone network of an architecture with a copy of its path's weights.

        Running statistics are those of a new network.

        Raises:
            InputError: the supernet has no such network.
        """
        path = self._path(architecture)
        with torch.no_grad():
            for part, _, _ in path.parts:
                part.data = part.detach().clone(memory_format=torch.contiguous_format)
        return path.network

    def _index(self, name: str, shape: tuple[int, ...], architecture: Architecture) -> Index:
        shared = tuple(self.weights[name].shape) if name in self.weights else ()
        if len(shared) != len(shape) or any(map(int.__gt__, shape, shared)):
            held = "x".join(map(str, shared)) or "nothing"
            raise InputError(
                f"the supernet has no network {arch.key(architecture)}: it needs {'x'.join(map(str, shape))} weights "
                f"{name}, and there is {held}: search a space within that of the supernet"
            )
        return tuple(
            slice((most - size) // 2, (most - size) // 2 + size) if place > 1 else slice(size)
            for place, (size, most) in enumerate(zip(shape, shared, strict=True))
        )

    def gather(self, path: Path, share: float) -> None:
        """Add a share of the gradients of a path's parameters to those of the shared tensors."""
        with torch.no_grad():
            for part, name, index in path.parts:
                if part.grad is None:
                    continue
                weight = self.weights[name]
                if weight.grad is None:
                    weight.grad = torch.zeros_like(weight)
                weight.grad[index].add_(part.grad, alpha=share)
                part.grad = None

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Take over weights by name.

        Raises:
            InputError: they are not those of a supernet of this space.
        """
        if weights.keys() != self.weights.keys():
            other = sorted(weights.keys() ^ self.weights.keys())[0]
            raise InputError(f"the weights are not those of a supernet of this space: {other} is only in one of them")
        with torch.no_grad():
            for name, weight in self.weights.items():
                if weight.shape != weights[name].shape:
                    raise InputError(f"the weights are not those of a supernet of this space: {name} has another shape")
                weight.copy_(weights[name])

    def read(self, path: FilePath) -> None:
        """Take over the weights of a safetensors file.

        Raises:
            InputError: the file is missing or damaged, or is of another space.
        """
        try:
            self.load(load_file(path))
        except (OSError, SafetensorError) as error:
            raise InputError(f"{path}: cannot be read ({' '.join(str(error).split())}); restore it") from None
        except InputError as error:
            raise InputError(f"{path}: {error}") from None

    def _built(self, architecture: Architecture) -> nn.Module:
        return arch.build(architecture, self.space.num_classes, self.space.input_shape)


def sharing(space: SearchSpace) -> SharesWeights:
    """Return a space as one whose networks share weights; raise InputError if they do not."""
    if not isinstance(space, SharesWeights):
        raise InputError(f"the networks of space {space.name!r} share no weights: take another space")
    return space


def _grown(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return a tensor of a larger shape, with the tensor in its leading corner and like values elsewhere."""
    if tuple(tensor.shape) == shape:
        return tensor.clone()
    spread = float(tensor.std()) if tensor.numel() > 1 else 0.0
    grown = torch.randn(shape) * spread + tensor.mean()
    grown[tuple(slice(size) for size in tensor.shape)] = tensor
    return grown


class _WithoutDrawing(TorchFunctionMode):
    """Leave tensors as they are where a network would draw its initial weights, which takes most of its building."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") in _DRAWING:
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))
