"""Compare, block by block, what a network computes from images and from the same images under attack."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from rnas.attacks.state import attacking
from rnas.errors import InputError
from rnas.evaluation.diagnostics._blocks import Span

Pair = tuple[Tensor, Tensor]
"""Feature maps (b, ...) of images, and of the same images under attack."""

Measure = Callable[[Pair, Pair], Tensor | None]
"""A function from the input and output of a block to a value (b,) per image, or None if the value is not defined."""


def compare(
    model: nn.Module,
    images: Tensor,
    adversarial: Tensor,
    spans: Mapping[str, Span],
    measure: Measure,
    batch_size: int = 100,
) -> dict[str, Tensor]:
    """Return a value for every block and pair of images, in eval mode.

    Args:
        model: network from images to anything; it is left unchanged.
        images: (n, C, H, W).
        adversarial: (n, C, H, W), one for each image.
        spans: blocks by name. If a block reads several tensors, its input is the last of them; for a cell this is the
            output of the cell before it.
        measure: what to compute.
        batch_size: pairs per batch.

    Returns:
        Values (n,) on the CPU by name, in the order in which the blocks finish. A block that does not run, or for which
        the measure is not defined, is missing; a block that runs more than once has the value of its last run.

    Raises:
        InputError: a block reads or returns something other than a tensor, or the images are not in pairs.
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
    """Raise InputError unless there are images, and an adversarial image for each."""
    if images.shape != adversarial.shape or not len(images):
        raise InputError(
            f"images have shape {tuple(images.shape)} and adversarial images {tuple(adversarial.shape)}: "
            "give one attacked image for each, and at least one"
        )


@contextmanager
def _measuring(spans: Mapping[str, Span], measure: Measure) -> Iterator[dict[str, Tensor]]:
    """Let every run of a block in the context put its values into the mapping; remove all hooks at the end."""
    entered: dict[str, Tensor] = {}
    measured: dict[str, Tensor] = {}

    def enter(name: str) -> Callable[[nn.Module, tuple[Any, ...]], None]:
        def hook(_module: nn.Module, inputs: tuple[Any, ...]) -> None:
            # A copy is needed because the block may overwrite its input.
            entered[name] = spans[name].maps(_tensor(name, inputs[-1] if inputs else None)).clone()

        return hook

    def leave(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            value = measure(_pair(entered.pop(name)), _pair(spans[name].maps(_tensor(name, output))))
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
        raise InputError(f"block {name!r} returns a {type(value).__name__}; only values of a tensor can be compared")
    return value
