"""``rnas evaluate``."""

from pathlib import Path
from typing import Annotated

import typer

from rnas.cli.output import AsJson, print_json, stderr, stdout
from rnas.errors import InputError

_DEVICES = ("auto", "cpu", "cuda")


def evaluate(
    network: Annotated[
        str,
        typer.Argument(
            metavar="ARCH", help="A published network's name, an architecture's JSON, RUN:KEY, or a run's checkpoint."
        ),
    ],
    weights: Annotated[
        Path | None, typer.Option(help="File of weights, safetensors or of torch.save [default: the run's own].")
    ] = None,
    data: Annotated[str | None, typer.Option(help="Data to classify [default: the run's own, else cifar10].")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder that holds the images' files.")] = None,
    eps: Annotated[
        str | None, typer.Option(help="Radius of the attacks, such as 8/255 [default: the run's own, else the data's].")
    ] = None,
    attacks: Annotated[
        str, typer.Option(help="Names: fgsm, pgdN of N steps, pgdN-margin.")
    ] = "fgsm,pgd20,pgd20-margin",
    images: Annotated[
        int | None, typer.Option(min=1, help="Only the first N images [default: all of the final part].")
    ] = None,
    split_seed: Annotated[
        int | None, typer.Option(min=0, help="Seed that divides the data [default: the run's own, else 0].")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the attacks' noise.")] = 0,
    batch_size: Annotated[int, typer.Option(min=1, help="Images at a time.")] = 500,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Measure clean and robust accuracy of a network with weights, published ones or a run's own.

    It classifies images of the data's final part: published test images where there are any.

    Examples:

      rnas evaluate robust-resnet-a1 --weights released.pth --data-dir data

      rnas evaluate runs/digits-1:knee

      rnas evaluate net.json --weights net.safetensors --data digits --eps 1/10 --attacks pgd50 --json
    """
    # A wrong word is told before torch is loaded.
    if device not in _DEVICES:
        raise InputError(f"unknown device {device!r}; known: {', '.join(_DEVICES)}")

    from rnas.cli.evaluate_table import print_evaluation
    from rnas.evaluation.weights_evaluation import Request, evaluate_weights
    from rnas.quantities import parse_epsilon

    console = stderr()
    result = evaluate_weights(
        Request(
            network,
            weights=weights,
            data=data,
            data_dir=data_dir,
            epsilon=None if eps is None else parse_epsilon(eps),
            attacks=tuple(name.strip().lower() for name in attacks.split(",")),
            images=images,
            split_seed=split_seed,
            seed=seed,
            batch_size=batch_size,
            device=_torch_device(device),
        ),
        lambda line: console.print(line, highlight=False, markup=False, soft_wrap=True),
    )
    if as_json:
        print_json(result)
    else:
        print_evaluation(stdout(), result)


def _torch_device(device: str) -> str:
    import torch

    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise InputError("--device cuda is not available here; give --device cpu")
    return "cuda" if available and device != "cpu" else "cpu"
