"""``rnas evaluate``."""

from pathlib import Path
from typing import Annotated

import typer

from rnas.cli.console import AsJson, print_json, stderr, stdout
from rnas.errors import InputError

_DEVICES = ("auto", "cpu", "cuda")
_NORMS = ("linf", "l2", "l1")


def evaluate(
    network: Annotated[
        str,
        typer.Argument(
            metavar="ARCH", help="A published network's name, an architecture's JSON, RUN:KEY, or a checkpoint."
        ),
    ],
    weights: Annotated[
        Path | None, typer.Option(help="File of weights, safetensors or of torch.save [default: the run's own].")
    ] = None,
    data: Annotated[str | None, typer.Option(help="Data to classify [default: the run's own, else cifar10].")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder that holds the images' files.")] = None,
    attacks: Annotated[
        str, typer.Option(help="Names, such as fgsm, pgd20, cw40, autoattack-fast, autoattack-cascade, autoattack.")
    ] = "fgsm,pgd20,pgd20-margin",
    norm: Annotated[str, typer.Option(help="linf, l2 or l1.")] = "linf",
    eps: Annotated[
        str | None, typer.Option(help="Radius of the attacks, such as 8/255 [default: the run's own, else the data's].")
    ] = None,
    threat: Annotated[
        list[str] | None,
        typer.Option(help="NORM:EPS, such as l2:128/255, instead of --norm and --eps; repeat it for their union."),
    ] = None,
    images: Annotated[
        int | None, typer.Option(min=1, help="Only the first N images [default: all of the test split].")
    ] = None,
    split_seed: Annotated[
        int | None, typer.Option(min=0, help="Seed that divides the data [default: the run's own, else 0].")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the attacks' noise.")] = 0,
    batch_size: Annotated[int, typer.Option(min=1, help="Images at a time.")] = 500,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    unseen: Annotated[
        bool, typer.Option("--unseen", help="Add threats that networks are not trained for: larger, l2 and l1 balls.")
    ] = False,
    transfer: Annotated[
        list[str] | None,
        typer.Option(metavar="ARCH", help="Also PGD-20 crafted on this network with weights; repeat it for several."),
    ] = None,
    corruptions: Annotated[
        str | None,
        typer.Option(
            metavar="computed|DIR", help="Also the 15 common corruptions: computed, or read from a CIFAR-10-C folder."
        ),
    ] = None,
    flags: Annotated[bool, typer.Option(help="Look for signs of overestimated robustness, on 100 images.")] = True,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Write the result there; the same command goes on there."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure clean and robust accuracy of a network with weights, published ones or a run's own.

    It classifies images of the data's test split: published test images where there are any.

    Examples:

      rnas evaluate robust-resnet-a1 --weights released.pth --data-dir data --attacks autoattack-cascade -o results

      rnas evaluate runs/digits-1:knee --attacks fgsm,pgd20,cw40,autoattack-fast

      rnas evaluate runs/train-a/best.safetensors --unseen --corruptions computed --transfer
      runs/train-b/best.safetensors

      rnas evaluate net.json --weights net.safetensors --data digits --threat linf:1/10 --threat l2:0.5
    """
    # A wrong word is told before torch is loaded.
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
    from rnas.evaluation._request import Request
    from rnas.evaluation.threats import parse_threat
    from rnas.experiments.evaluate import evaluate_weights
    from rnas.report._evaluation import blocks
    from rnas.report._terminal import print_blocks
    from rnas.utils._devices import torch_device

    request = Request(
        network,
        weights=weights,
        data=data,
        data_dir=data_dir,
        threats=tuple(map(parse_threat, asked)),
        attacks=tuple(name.strip().lower() for name in attacks.split(",")),
        images=images,
        split_seed=split_seed,
        seed=seed,
        batch_size=batch_size,
        device=torch_device(device),
        unseen=unseen,
        transfer=tuple(transfer or ()),
        corruptions=corruptions,
        flags=flags,
        output=output,
    )
    with EvaluationView(stderr()) as view:
        result = evaluate_weights(request, view)
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        print_blocks(stdout(), blocks(result))
