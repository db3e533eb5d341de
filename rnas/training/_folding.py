"""Build a network that equals another in eval mode and needs less computation."""

import copy
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from rnas.attacks.state import attacking
from rnas.training._float32_convolution import Float32Convolution
from rnas.training._sampled_convolution import SampledConvolution

_CONVOLUTIONS = (nn.Conv2d, Float32Convolution, SampledConvolution)


class FoldedNetwork(nn.Module):
    """Follow a network under training: equal to it in eval mode up to rounding, with frozen weights.

    In eval mode, batch normalisation multiplies each channel by a constant and adds another. If only batch
    normalisation reads the output of a convolution, the convolution here includes it in its own weights and bias, which
    saves two passes over the maps. Everything else shares the memory of the network.

    Args:
        network: the network to follow; it is not changed.
        images: (n, C, H, W), any images that the network accepts, to find which module reads which output.
        dtype: data type of convolutions and linear layers here, so that autocast need not cast them at every pass;
            None is the network's own.
    """

    def __init__(self, network: nn.Module, images: Tensor, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self._copied: list[tuple[nn.Module, nn.Module]] = []
        self._folded: list[tuple[nn.Conv2d, nn.BatchNorm2d, nn.Conv2d]] = []
        normalized = _normalized_convolutions(network, images)
        # In a deep copy, these modules replace the originals wherever those are used.
        made: dict[int, Any] = {id(parameter): _frozen(parameter) for parameter in network.parameters()}
        made |= {id(buffer): buffer for buffer in network.buffers()}
        for module in network.modules():
            if isinstance(module, nn.Conv2d) and module in normalized:
                folded = copy.deepcopy(module, dict(made))
                folded.weight = _frozen(torch.empty_like(module.weight, dtype=dtype))
                folded.bias = _frozen(folded.weight.new_empty(module.out_channels))
                self._folded.append((module, normalized[module], folded))
                made |= {id(module): folded, id(normalized[module]): nn.Identity()}
            elif dtype is not None and type(module) in (*_CONVOLUTIONS, nn.Linear):
                made[id(module)] = copy.deepcopy(module, dict(made)).to(dtype)
                self._copied.append((module, made[id(module)]))
        self.network = copy.deepcopy(network, made).eval()
        self._copies: list[Tensor] = [weight for _, copied in self._copied for weight in copied.parameters()]
        self._originals: list[Tensor] = [weight for module, _ in self._copied for weight in module.parameters()]
        self.refresh()

    @torch.no_grad()
    def refresh(self) -> None:
        """Copy the present weights and statistics."""
        # Each function of a list is one launch on a GPU, or a few, for all tensors.
        if self._copies:
            torch._foreach_copy_(self._copies, self._originals)
        if not self._folded:
            return
        convolutions, normalizations, folded = zip(*self._folded, strict=True)
        scales = torch._foreach_add([_given(n.running_var) for n in normalizations], [n.eps for n in normalizations])
        torch._foreach_rsqrt_(scales)
        shifts = torch._foreach_neg([_given(n.running_mean) for n in normalizations])
        biased = [(shift, c.bias) for shift, c in zip(shifts, convolutions, strict=True) if c.bias is not None]
        _for_pairs(torch._foreach_add_, biased)
        affine = [number for number, normalization in enumerate(normalizations) if normalization.affine]
        _for_pairs(torch._foreach_mul_, [(scales[number], normalizations[number].weight) for number in affine])
        torch._foreach_mul_(shifts, scales)
        _for_pairs(torch._foreach_add_, [(shifts[number], normalizations[number].bias) for number in affine])
        torch._foreach_copy_([_given(convolution.bias) for convolution in folded], shifts)
        for convolution, scale, own in zip(convolutions, scales, folded, strict=True):
            torch.mul(convolution.weight, scale[:, None, None, None], out=own.weight)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (n, C, H, W) to logits (n, K)."""
        logits: Tensor = self.network(images)
        return logits


def _given(tensor: Tensor | None) -> Tensor:
    assert tensor is not None
    return tensor


def _for_pairs(change: Callable[[list[Tensor], list[Tensor]], object], pairs: list[tuple[Tensor, Tensor]]) -> None:
    """Change the first tensor of each pair by the second, with one call for all of them."""
    if pairs:
        change([first for first, _ in pairs], [second for _, second in pairs])


def _frozen(tensor: Tensor) -> nn.Parameter:
    """Return a parameter that shares the tensor's memory."""
    return nn.Parameter(tensor.detach(), requires_grad=False)


def _normalized_convolutions(network: nn.Module, images: Tensor) -> Mapping[nn.Module, nn.BatchNorm2d]:
    """Return each convolution whose output only a batch normalisation reads, with that normalisation.

    Subclasses are excluded, and so are modules that a forward pass uses more than once.
    """
    with attacking(network), torch.no_grad(), _Trace() as trace:
        network(images)
    by_weight = {id(module.weight): module for module in network.modules() if type(module) in _CONVOLUTIONS}
    by_mean = {id(module.running_mean): module for module in network.modules() if type(module) is nn.BatchNorm2d}
    weights = {id(output): weight for weight, output in trace.convolved}
    found: dict[nn.Module, nn.BatchNorm2d] = {}
    for maps, mean in trace.normalized:
        weight = weights.get(id(maps))
        if id(weight) not in by_weight or id(mean) not in by_mean:
            continue
        if all(trace.readers[id(tensor)] == 1 for tensor in (weight, maps, mean)):
            found[by_weight[id(weight)]] = by_mean[id(mean)]
    return found


class _Trace(TorchFunctionMode):
    """Record what the functions of torch read.

    Attributes:
        readers: how many functions read a tensor, by its id.
        convolved: weight and output of each convolution.
        normalized: input and mean of each batch normalisation that has a running mean.
    """

    def __init__(self) -> None:
        super().__init__()
        self.readers: Counter[int] = Counter()
        self.convolved: list[tuple[Tensor, Tensor]] = []
        self.normalized: list[tuple[Tensor, Tensor]] = []
        # Another tensor may get the id of a deleted one.
        self._kept: list[Any] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        keywords = kwargs or {}
        result = func(*args, **keywords)
        self._kept.append(result)
        # A function that returns no tensor reads only a shape or the like.
        if any(isinstance(leaf, Tensor) for leaf in tree_leaves(result)):
            self.readers.update(id(leaf) for leaf in tree_leaves((args, keywords)) if isinstance(leaf, Tensor))
        if func is F.conv2d:
            self.convolved.append((args[1], result))
        elif func is F.batch_norm and args[1] is not None:
            self.normalized.append((args[0], args[1]))
        return result
