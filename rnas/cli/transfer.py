"""``rnas transfer``."""

from pathlib import Path
from typing import Annotated

import typer

from rnas.cli.console import AsJson, Device, print_json, stdout


def transfer(
    networks: Annotated[
        list[str],
        typer.Argument(
            metavar="DIR|ARCH...", help="Directory of a comparison, or checkpoints of at least two networks."
        ),
    ],
    data: Annotated[str | None, typer.Option(help="Name of the data [default: what they were trained on].")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder that holds the files of the data.")] = None,
    eps: Annotated[str | None, typer.Option(help="L-infinity radius, such as 8/255 [default: the training's].")] = None,
    images: Annotated[
        int | None, typer.Option(min=1, help="Number of images, the first of the test split [default: all].")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the attacks' noise.")] = 0,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Attack each network by PGD-20, and show the images to all others: black-box transfer as a matrix.

    Examples:

      rnas transfer runs/compare-cifar10-1

      rnas transfer runs/train-a/best.safetensors runs/train-b/best.safetensors --images 1000
    """
    from rnas.experiments.transfer import transfer as matrix_of
    from rnas.report._terminal import print_blocks
    from rnas.report._transfer import blocks

    given = networks[0] if len(networks) == 1 else networks
    matrix = matrix_of(given, data=data, data_dir=data_dir, eps=eps, images=images, seed=seed, device=device)
    if as_json:
        print_json(matrix.to_dict())
        return
    print_blocks(stdout(), blocks(matrix))
