"""The accuracies of an evaluation for people, and below them all that decided them."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_evaluation(console: Console, result: Mapping[str, Any]) -> None:
    """Print what :func:`rnas.evaluation.weights_evaluation.evaluate_weights` returns."""
    table = Table(box=None, pad_edge=False)
    table.add_column("images")
    table.add_column("accuracy", justify="right", no_wrap=True)
    table.add_column("95 % interval", justify="right", no_wrap=True)
    table.add_column("attack")
    rows = [
        ("clean", result["clean"], ""),
        *((attack["name"], attack, _words(attack)) for attack in result["attacks"]),
        ("worst case", result["worst_case"], "right as they are and under every attack"),
    ]
    for name, accuracy, words in rows:
        interval = f"{accuracy['low']:.2%} - {accuracy['high']:.2%}"
        table.add_row(*map(Text, (name, f"{accuracy['accuracy']:.2%}", interval, words)))
    console.print(table)
    console.print()
    console.print(_facts(result))


def _words(attack: Mapping[str, Any]) -> str:
    start = "a random start" if attack["random_start"] else "the image"
    steps = "1 step" if attack["steps"] == 1 else f"{attack['steps']} steps"
    return f"{steps} of {attack['step']} on the {attack['loss']} from {start}"


def _facts(result: Mapping[str, Any]) -> Table:
    data, weights = result["data"], result["weights"]
    origin = "published test images" if data["published_test_images"] else "images of the final part"
    facts = {
        "network": result["network"],
        "weights": f"{weights['file']}, sha256 {weights['sha256'][:16]}",
        "data": f"{data['name']}, the first {data['images']} {origin} by split seed {data['split_seed']}, "
        f"hash {data['hash']}",
        "ball": f"{result['norm']}, epsilon {result['epsilon']} for pixels in [0, 1]",
        "noise": f"seed {result['seed']}",
        "batches": f"{result['batch_size']} images, {result['precision']}",
        "intervals": result["interval"],
        "device": result["device"],
        "versions": ", ".join(f"{library} {version}" for library, version in result["versions"].items()),
        "note": result["note"],
    }
    grid = Table.grid(padding=(0, 2))
    for name, text in facts.items():
        if text:
            grid.add_row(Text(name, style="bold"), Text(text, overflow="fold"))
    return grid
