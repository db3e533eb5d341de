"""Load networks by name, with published weights or those of a run."""

import warnings
from pathlib import Path

from torch import nn

from rnas.errors import WeightsWarning
from rnas.experiments._references import AnyNetwork, image_format, resolve_reference
from rnas.networks import architecture as arch
from rnas.networks.architecture import Shape
from rnas.networks.weights import load_weights


def load(
    architecture: AnyNetwork,
    weights: Path | str | None = None,
    num_classes: int | None = None,
    input_shape: Shape | None = None,
) -> nn.Module:
    """Build a network that was published, saved or found, in eval mode on the CPU.

    Args:
        architecture: what :func:`rnas.experiments.resolve` understands, such as ``"robust-resnet-a1"``,
            ``"net.json"`` or ``"runs/digits-1:knee"``; or an architecture, or one of ``rnas.zoo()``.
        weights: a file of weights, safetensors or written by ``torch.save``, as rnas or the original repository names
            them. None takes those that the architecture's own run kept; where there are none, or for other images or
            classes, it draws new ones from torch's global generator.
        num_classes: None is the published or searched number, 10 if neither is known.
        input_shape: (channels, height, width) of an image; None is that which it was published or searched for,
            (3, 32, 32) where neither is known.

    Returns:
        The network, from images (N, *input_shape) in [0, 1] to logits (N, num_classes).

    Warns:
        WeightsWarning: the file has several weights, or does not say everything about its network.

    Raises:
        InputError: there is no such architecture, it cannot run at this shape, or the weights are not its own.

    Examples:
        >>> import rnas
        >>> import torch
        >>> network = rnas.load("resnet-18", num_classes=10, input_shape=(3, 32, 32))
        >>> network(torch.rand(2, 3, 32, 32)).shape
        torch.Size([2, 10])
    """
    reference = resolve_reference(architecture)
    classes, shape = image_format(reference, weights, num_classes, input_shape)
    module = arch.build(reference.architecture, classes, shape)
    own = (classes, shape) == (reference.num_classes, reference.input_shape)
    if weights is None and (own or _is_file(architecture, reference.checkpoint)):
        weights = reference.checkpoint
    if weights is not None:
        label = f"{reference.name} with {classes} classes"
        for note in load_weights(module, weights, reference.weight_names, label, reference.architecture):
            warnings.warn(note, WeightsWarning, stacklevel=2)
    return module.eval()


def _is_file(network: AnyNetwork, file: Path | None) -> bool:
    return isinstance(network, str | Path) and Path(network) == file
