"""Evaluate a network: one that is named, one that is described, or any module."""

import copy
from collections.abc import Sequence
from dataclasses import is_dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from torch import nn

from rnas.attacks.attack import Attack
from rnas.attacks.state import attacking
from rnas.data.dataset import Dataset
from rnas.errors import InputError
from rnas.evaluation._request import Request
from rnas.evaluation._weights_evaluation import evaluate_subject
from rnas.evaluation.evaluation_result import EvaluationResult
from rnas.evaluation.subject import EvaluatedNetwork, module_subject, subject_of
from rnas.evaluation.threats import Threat, parse_threat
from rnas.experiment import Listener
from rnas.experiments._references import AnyNetwork, resolve, resolve_reference
from rnas.utils._devices import torch_device
from rnas.utils._yaml_files import checked

ATTACKS = ("fgsm", "pgd20", "pgd20-margin")


def evaluate(
    network: nn.Module | AnyNetwork,
    *,
    data: Dataset | str | None = None,
    data_dir: Path | str | None = None,
    attacks: Sequence[str | Attack] = ATTACKS,
    eps: float | str | None = None,
    threats: Sequence[Threat | str] = (),
    unseen: bool = False,
    weights: Path | str | None = None,
    images: int | None = None,
    split_seed: int | None = None,
    seed: int = 0,
    batch_size: int | None = None,
    transfer: Sequence[nn.Module | str | Path] = (),
    corruptions: Path | str | None = None,
    flags: bool = True,
    device: str = "auto",
    name: str | None = None,
    output: Path | str | None = None,
    listener: Listener | None = None,
) -> EvaluationResult:
    """Measure clean and robust accuracy of a network, in float32 and eval mode, on images that nothing was chosen on.

    The numbers are those of ``rnas evaluate``, image for image.

    Args:
        network: any module from images (n, C, H, W) in [0, 1] to logits (n, K), which is left as it was found; or an
            architecture; or what :func:`rnas.experiments.resolve` understands, such as a checkpoint's path.
        data: a data set, or its registered name; None is the data that the network was trained on, or else CIFAR-10.
        data_dir: folder of the data's files.
        attacks: names, such as ``"pgd20"`` or ``"autoattack"``, each of which is run for every threat; and attacks,
            each of which is run for the ball that it has. At least one.
        eps: l-infinity radius for pixels in [0, 1], such as ``"8/255"``; None is that of the training or of the data.
        threats: balls such as ``"l2:0.5"``, in place of ``eps``; the worst case is that of their union.
        unseen: whether to add what networks are not trained for: an l2 and an l1 ball, whose radii are 1.5 and 40 for
            CIFAR-10 (Liu et al., CVPR 2023), and the common corruptions. The worst case is that of all balls.
        weights: file of weights of a named or described network; None is that of its own search or training.
        images: number of images, the first of the test split; None is all of them.
        split_seed: divides the data; None is the training's own, or else 0.
        seed: seed of the attacks' noise.
        batch_size: images at a time; it changes rounding alone. None is 500, and on a GPU up to 2000 by its memory.
        transfer: networks with weights, from which PGD-20 is transferred.
        corruptions: ``"computed"`` for the common corruptions of the images, or a folder of published corrupted ones.
        flags: whether to look for signs of overestimated robustness, on 100 images.
        device: ``auto``, ``cpu`` or ``cuda``; ``auto`` is where a module is. A module that is elsewhere is copied.
        name: what to call a module in the result and its file; None is the name of its class.
        output: folder for the result and, until then, for what is known already; the same call resumes from it.
        listener: learns of progress.

    Raises:
        InputError: there are no weights; they, the network and the data do not fit each other; something asked for
            does not exist; or the output folder holds the state of another evaluation under this name.

    Examples:
        >>> import rnas
        >>> import torch
        >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))
        >>> result = rnas.evaluate(model, data="digits", attacks=["fgsm"], images=20, flags=False)
        >>> 0 <= result.worst_case.accuracy <= 1
        True
    """
    given = {field: value for field, value in locals().items() if field in Request.model_fields}
    if eps is not None and threats:
        raise InputError("eps: threats have a norm and a radius already; leave eps out, or write it as one more threat")
    balls = (f"linf:{eps}",) if eps is not None else threats
    module = network if isinstance(network, nn.Module) else None
    if module is not None and weights is not None:
        raise InputError("weights: a module has weights of its own; leave weights out")
    if module is None and name is not None:
        raise InputError("name: a network that is named or described keeps its name; leave name out")
    place = torch_device(device) if module is None or device != "auto" else _device_of(module)
    reference = None if isinstance(network, nn.Module) else resolve_reference(network)
    sources: list[EvaluatedNetwork | nn.Module] = [
        _on(one, place) if isinstance(one, nn.Module) else resolve(one) for one in transfer
    ]
    content = {
        "network": reference.name if reference is not None else name or type(network).__name__,
        "threats": tuple(parse_threat(ball) if isinstance(ball, str) else ball for ball in balls),
        "attacks": _attacks(attacks),
        "device": place,
        "transfer": _names_of(transfer),
        "corruptions": None if corruptions is None else str(corruptions),
    }
    request = checked(Request, {**given, **content}, "evaluate")
    if module is None:
        assert reference is not None
        return evaluate_subject(request, subject_of(reference, request), listener or Listener(), sources)
    module = _on(module, place)
    with attacking(module):
        return evaluate_subject(request, module_subject(module, request), listener or Listener(), sources)


def evaluate_weights(request: Request, listener: Listener | None = None) -> EvaluationResult:
    """Evaluate the network that a request names; see :func:`rnas.evaluation._weights_evaluation.evaluate_subject`.

    Args:
        request: what to evaluate.
        listener: learns of progress, as there.

    Raises:
        InputError: there are no weights; they, the network and the data do not fit each other; something asked for
            does not exist; or the output folder holds the state of another evaluation under this name.
    """
    subject = subject_of(resolve(request.network), request)
    return evaluate_subject(request, subject, listener or Listener(), [resolve(name) for name in request.transfer])


def _names_of(sources: Sequence[nn.Module | str | Path]) -> tuple[str, ...]:
    """Return a name for each network, no two alike, since results are kept by them."""
    names: list[str] = []
    for one in sources:
        name = type(one).__name__ if isinstance(one, nn.Module) else str(one)
        same = sum(other == name or other.startswith(f"{name} (") for other in names)
        names.append(f"{name} ({same + 1})" if same else name)
    return tuple(names)


def _attacks(attacks: Any) -> tuple[str | Attack, ...]:
    """Return the requested attacks; raise InputError for what is neither a name nor an attack."""
    given = (attacks,) if isinstance(attacks, str) or is_dataclass(attacks) else tuple(attacks)
    if not given:
        raise InputError("attacks: give at least one")
    for attack in given:
        known = is_dataclass(attack) and callable(attack) and hasattr(attack, "epsilon") and hasattr(attack, "norm")
        if not isinstance(attack, str) and not known:
            raise InputError(
                f"attacks: {attack!r} is no attack: give a name, or a frozen dataclass with epsilon and norm that is "
                "called as rnas.attacks.attack.Attack says"
            )
    return given


def _device_of(module: nn.Module) -> str:
    tensor = next(chain(module.parameters(), module.buffers()), None)
    return "cpu" if tensor is None else str(tensor.device)


def _on(module: nn.Module, device: str) -> nn.Module:
    """Return the module, or a copy of it if it is on another device."""
    if _device_of(module).split(":")[0] == device.split(":")[0]:
        return module
    return copy.deepcopy(module).to(device)
