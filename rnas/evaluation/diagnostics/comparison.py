"""Comparing what a network makes of images and of the same images attacked, block by block."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from rnas.attacks.state import attacking
from rnas.errors import InputError
from rnas.evaluation.diagnostics.blocks import Span

Pair = tuple[Tensor, Tensor]
"""Feature maps (b, ...) of images, and of the same images attacked."""

Measure = Callable[[Pair, Pair], Tensor | None]
"""From what enters a block and what leaves it to a value (b,) an image, or None where it is not defined."""


def compare(
    model: nn.Module,
    images: Tensor,
    adversarial: Tensor,
    spans: Mapping[str, Span],
    measure: Measure,
    batch_size: int = 100,
) -> dict[str, Tensor]:
    """A value for every block and pair of images, in eval mode.

    Args:
        model: from images to anything; left as found.
        images: (n, C, H, W).
        adversarial: (n, C, H, W), one for each image.
        spans: blocks by name. Where a block reads several tensors, its input is the last of them, for a cell the
            output of the cell before.
        measure: what to compute.
        batch_size: pairs at a time.

    Returns:
        Values (n,) on the CPU by name, in the order in which the blocks finish. A block that does not run, or for
        which the measure is not defined, is left out; one that runs more than once counts as it runs last.

    Raises:
        InputError: a block reads or gives something other than a tensor, or the images do not come in pairs.
    """
    require_pairs(images, adversarial)
    values: dict[str, list[Tensor]] = defaultdict(list)
    for clean, attacked in zip(*(torch.split(part, batch_size) for part in (images, adversarial)), strict=True):
        with attacking(model), torch.no_grad(), _measuring(spans, measure) as measured:
            model(torch.cat([clean, attacked]))
        for name, value in measured.items():
            values[name].append(value.cpu())
    return {name: torch.cat(parts) for name, parts in values.items()}


def require_pairs(images: Tensor, adversarial: Tensor) -> None:
    """InputError unless there are images, and an attacked one for each of them."""
    if images.shape != adversarial.shape or not len(images):
        raise InputError(
            f"images of shape {tuple(images.shape)} and attacked ones of shape {tuple(adversarial.shape)}: "
            "give one attacked image for each, and at least one"
        )


@contextmanager
def _measuring(spans: Mapping[str, Span], measure: Measure) -> Iterator[dict[str, Tensor]]:
    """Within: every run of a block puts its values into the mapping. After: no hook is left."""
    entered: dict[str, Tensor] = {}
    measured: dict[str, Tensor] = {}

    def enter(name: str) -> Callable[[nn.Module, tuple[Any, ...]], None]:
        def hook(_module: nn.Module, inputs: tuple[Any, ...]) -> None:
            # A copy, since the block may overwrite its input.
            entered[name] = _tensor(name, inputs[-1] if inputs else None).clone()

        return hook

    def leave(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            value = measure(_pair(entered.pop(name)), _pair(_tensor(name, output)))
            if value is not None:
                measured[name] = value

        return hook

    handles = [span.first.register_forward_pre_hook(enter(name)) for name, span in spans.items()]
    handles += [span.last.register_forward_hook(leave(name)) for name, span in spans.items()]
    try:
        yield measured
    finally:
        for handle in handles:
            handle.remove()


def _pair(stacked: Tensor) -> Pair:
    clean, attacked = stacked.chunk(2)
    return clean, attacked


def _tensor(name: str, value: Any) -> Tensor:
    if not isinstance(value, Tensor):
        raise InputError(f"block {name!r} passes on a {type(value).__name__}; its values can be compared for a tensor")
    return value
