"""``rnas reproduce``."""

from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from rnas.cli.console import AsJson, print_json, stderr, stdout
from rnas.errors import InputError

_SOURCES = ("checkpoint", "scratch")
_DEVICES = ("auto", "cpu", "cuda")


def reproduce(
    result: Annotated[
        str,
        typer.Argument(
            metavar="RESULT", help="RUN:KEY, a training's directory or checkpoint, or a JSON file of rnas evaluate."
        ),
    ],
    source: Annotated[
        str | None,
        typer.Option("--from", help="checkpoint or scratch [default: the checkpoint, where the run keeps them]."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=0, help="Also train with N further seeds, from scratch; two or more.")] = 0,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda [default: that of the record].")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Keep the reproduction there, as JSON.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate a recorded result again, and say whether it reproduces.

    What can be checked at once comes first: key, params, FLOPs, and the hashes of weights, recipe, data or table. From
    the checkpoint the recorded attacks are run again on the same images with the same noise; from scratch the network
    is trained again with the recorded seed. With the versions and processor of the record a CPU gives equal numbers.
    Elsewhere a metric has to lie within its interval: of images, or with --seeds that of trainings with other seeds,
    which also shows how lucky the recorded one was.

    Intervals are so long that a result that holds has any of its metrics outside in at most 5 % of cases.

    It ends with 0 where the result is reproduced, with 1 where it is not, or could not be evaluated or judged. What is
    reproduced is not changed.

    Examples:

      rnas reproduce runs/digits-1:knee

      rnas reproduce runs/digits-1:knee --from scratch --seeds 5 -o reproduction.json

      rnas reproduce runs/train-a/last.safetensors

      rnas reproduce runs/digits-1/final_evaluation/seed-1/seed-1-0a1b2c3d4e5f.json
    """
    # A wrong word is refused before torch is loaded.
    for option, word, known in (("--from", source, _SOURCES), ("--device", device, _DEVICES)):
        if word is not None and word not in known:
            raise InputError(f"unknown {option} {word!r}; known: {', '.join(known)}")

    from rnas.cli.views.bars import ReproductionView
    from rnas.errors import NotEvaluatedError
    from rnas.experiments.reproduction.reproduce import reproduce as reproduced
    from rnas.report._reproduction import blocks
    from rnas.report._terminal import print_blocks

    console = stderr()
    try:
        with ReproductionView(console) as view:
            reproduction = reproduced(
                result,
                source=cast(Literal["checkpoint", "scratch"] | None, source),
                seeds=seeds,
                device=cast(Literal["auto", "cpu", "cuda"] | None, device),
                output=output,
                listener=view,
            )
    except NotEvaluatedError as error:
        console.print(f"rnas: {error}", soft_wrap=True)
        raise typer.Exit(1) from None
    if as_json:
        print_json(reproduction.to_dict())
    else:
        print_blocks(stdout(), blocks(reproduction))
    if not reproduction.reproduced:
        raise typer.Exit(1)
