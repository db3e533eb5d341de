"""``rnas evaluate``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rnas.cli.console import AsJson, Device, Network, print_json, stderr, stdout
from rnas.cli.options import Setting, with_settings
from rnas.errors import InputError
from rnas.evaluation._request import Request

_DEVICES = ("auto", "cpu", "cuda")
_NORMS = ("linf", "l2", "l1")


@with_settings(
    Request,
    "weights",
    "data",
    "data_dir",
    "attacks",
    "images",
    "split_seed",
    "seed",
    Setting("batch_size", default="500; on a GPU up to 2000"),
    "unseen",
    Setting("transfer", repeated=True, metavar="ARCH"),
    Setting("corruptions", metavar="computed|DIR"),
    "flags",
)
def evaluate(
    *,
    network: Network,
    settings: dict[str, Any],
    norm: Annotated[str, typer.Option(metavar="|".join(_NORMS), help="Norm of the attacks' ball.")] = "linf",
    eps: Annotated[
        str | None, typer.Option(help="Radius of the attacks, such as 8/255 [default: the run's own, else the data's].")
    ] = None,
    threat: Annotated[
        list[str] | None,
        typer.Option(help="NORM:EPS, such as l2:128/255, instead of --norm and --eps; repeat it for their union."),
    ] = None,
    device: Device = "auto",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Write the result there; the same command resumes it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure clean and robust accuracy of a network with weights, published ones or a run's own.

    It classifies images of the data's test split: published test images where there are any.

    Examples:

      rnas evaluate robust-resnet-a1 --weights released.pth --data-dir data --attacks autoattack-cascade -o results

      rnas evaluate runs/digits-1:knee --attacks fgsm,pgd20,cw40,autoattack-fast

      rnas evaluate runs/train-a/best.safetensors --unseen --attacks pgd20,autoattack

      rnas evaluate runs/train-a/best.safetensors --transfer runs/train-b/best.safetensors

      rnas evaluate net.json --weights net.safetensors --data digits --threat linf:1/10 --threat l2:0.5
    """
    # A wrong word is refused before torch is loaded.
    if device not in _DEVICES:
        raise InputError(f"unknown device {device!r}; known: {', '.join(_DEVICES)}")
    if threat and (eps is not None or norm != "linf"):
        raise InputError(
            "--threat holds norm and radius: leave --norm and --eps out, or write them as one more --threat"
        )
    if norm not in _NORMS:
        raise InputError(f"unknown norm {norm!r}; known: {', '.join(_NORMS)}")
    if norm != "linf" and eps is None:
        raise InputError(f"--norm {norm} has no usual radius: give --eps too, such as --eps 0.5")
    asked = threat or ([] if eps is None else [f"{norm}:{eps}"])

    from rnas.cli.views.bars import EvaluationView
    from rnas.evaluation.threats import parse_threat
    from rnas.experiments.evaluate import evaluate_weights
    from rnas.report._evaluation import blocks
    from rnas.report._terminal import print_blocks
    from rnas.utils._devices import torch_device
    from rnas.utils._yaml_files import checked

    content = {"network": network, "threats": tuple(map(parse_threat, asked)), "device": torch_device(device)}
    request = checked(Request, {**settings, **content, "output": output}, "evaluate")
    with EvaluationView(stderr()) as view:
        result = evaluate_weights(request, view)
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        print_blocks(stdout(), blocks(result))
