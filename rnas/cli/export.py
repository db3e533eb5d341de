"""``rnas export``."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rnas.cli.console import AsJson, print_json, say, stderr, stdout
from rnas.errors import InputError

if TYPE_CHECKING:
    from rnas.exports.export import Exported


def export(
    network: Annotated[
        str,
        typer.Argument(
            metavar="ARCH", help="A published network's name, an architecture's JSON, RUN:KEY, or a checkpoint."
        ),
    ],
    format_: Annotated[str, typer.Option("--format", help="Format to write, see above.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="F", help="File or folder to write; a new one.")],
    weights: Annotated[
        Path | None, typer.Option(help="File of weights, safetensors or of torch.save [default: the run's own].")
    ] = None,
    num_classes: Annotated[
        int | None, typer.Option(min=1, help="Classes [default: what it was published or searched for].")
    ] = None,
    input_shape: Annotated[
        str | None, typer.Option(metavar="CxHxW", help="Shape of an image, such as 3x32x32 [default: likewise].")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the weights where there are none.")] = 0,
    evaluation: Annotated[
        Path | None,
        typer.Option(metavar="JSON", help="Result of rnas evaluate of these weights, for model card and entry."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a network with its weights for use elsewhere, and compare it at once in a fresh process.

    Formats:

      safetensors   FILE.safetensors: weights, architecture, provenance, checksum; rnas.load reads it

      standalone    FILE.py, readable, needs torch alone and FILE.pt; python FILE.py checks itself

      torch-export  FILE.pt2 for torch.export.load, any batch size

      onnx          FILE.onnx of opset 18, any batch size (extra onnx)

      nni           folder: sample of an NNI model space with weights, for members of spaces (extra nni)

      hugging-face  folder: config.json, model.safetensors, model card, code

      robustbench   folder: RobustBench's entry with what is known, and a loader

    Examples:

      rnas export robust-resnet-a1 --weights released.pth --format standalone -o a1.py

      rnas export runs/digits-1:knee --format onnx -o knee.onnx

      rnas export runs/train-a/best.safetensors --format hugging-face -o a --evaluation results/a.json
    """
    shape = None if input_shape is None else _shape(input_shape)

    from rnas.errors import ExportError
    from rnas.exports.export import export as write

    try:
        done = write(
            network,
            format=format_,
            path=output,
            weights=weights,
            num_classes=num_classes,
            input_shape=shape,
            seed=seed,
            evaluation=evaluation,
        )
    except ExportError as error:
        stderr().print(f"rnas: {error}", soft_wrap=True)
        raise typer.Exit(1) from None
    if as_json:
        print_json(done.to_dict())
    else:
        _print(done)


def _shape(text: str) -> tuple[int, int, int]:
    match = re.fullmatch(r"(\d{1,9})x(\d{1,9})x(\d{1,9})", text.strip())
    if match is None:
        raise InputError(f"--input-shape {text!r}: write channels, height and width, such as 3x32x32")
    channels, height, width = map(int, match.groups())
    return channels, height, width


def _print(done: "Exported") -> None:
    content = done.to_dict()
    verified, weights = content["verified"], done.network.provenance["weights"]
    if done.network.untrained:
        what = f"untrained, weights drawn from seed {weights['seed']}"
    else:
        what = f"weights of {weights['file']}, sha256 {weights['sha256'][:12]}"
    lines = [
        f"{done.network.name} ({what})",
        *weights.get("notes", ()),
        f"Format {done.format.name}: {', '.join(content['files'])}",
        f"Compared on {verified['images']} images in a process of its own ({verified['process']}): logits differ by at "
        f"most {verified['max_difference']:.1e}, {verified['relative_difference']:.1e} of the largest",
    ]
    if done.network.untrained:
        lines.append(
            "These weights are not trained, and the network classifies at chance: train it with rnas train, and export "
            "the checkpoint"
        )
    for line in lines:
        say(stdout(), line)
