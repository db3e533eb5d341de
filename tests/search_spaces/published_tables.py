"""Write small files in the schemas of public tables, with accuracies that follow a formula of the test."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rnas.nas.space import SearchSpace
from rnas.networks.residual import ResidualNetwork

EPOCHS = 100
CORRUPTIONS = ("gaussian_noise", "fog", "saturate")


def nares_record(
    number: int, depths: Sequence[int], widths: Sequence[int], robust: float, space: SearchSpace
) -> dict[str, Any]:
    """Return a record of NARes: accuracy under PGD rises to ``robust`` per cent at the best epoch, and then falls."""
    text = f"D {'-'.join(map(str, depths))} W {'-'.join(map(str, widths))}"
    cost = space.parse(text).cost((3, 32, 32), 10)
    best = 89
    curve = [robust * (0.2 + 0.8 * min(epoch, 2 * best - epoch) / best) for epoch in range(EPOCHS)]
    history = {
        "train_loss": [2 - epoch / EPOCHS for epoch in range(EPOCHS)],
        "train_acc": [value + 20 for value in curve],
        "val_loss": [1.5] * EPOCHS,
        "val_acc": [value + 40 for value in curve],
        "pgd": curve,
        "pgd_stable": [value / 100 for value in curve],
        "pgd_lip": [3.5] * EPOCHS,
        "pgd_loss": [1.6] * EPOCHS,
        "cw": [value - 1 for value in curve],
        "cw_stable": [value / 100 for value in curve],
        "cw_lip": [3.4] * EPOCHS,
        "cw_loss": [1.7] * EPOCHS,
    }
    test = {
        "test_clean_acc": robust + 48,
        "test_loss": 0.5,
        "Linf_fgsm_acc": robust + 24,
        "Linf_fgsm_stable": 0.8,
        "Linf_pgd_acc": robust + 18,
        "Linf_pgd_stable": 0.7,
        "Linf_pgd_lip": 3.3,
        "Linf_cw_acc": robust + 16,
        "Linf_cw_stable": 0.7,
        "Linf_cw_lip": 3.2,
        "Linf_aa_acc": robust + 14,
        "corruptions": {
            name: {str(level): {"acc": 80.0 - level, "loss": 0.6} for level in range(1, 6)} for name in CORRUPTIONS
        },
    }
    names = [f"{letter}{stage}" for stage in (1, 2, 3) for letter in "DW"]
    values = [value for pair in zip(depths, widths, strict=True) for value in pair]
    return {
        "arch_id": number,
        "arch": dict(zip(names, values, strict=True)),
        "MACs": cost.flops / 1e6,
        "Params": cost.params / 1e6,
        "train": [
            {
                "seed": 0,
                "gpu_type": "A100",
                "timestamp": "2023-05-17",
                "training_time": 0.4,
                "best_epoch": best,
                **history,
            }
        ],
        "test_best": [test],
    }


def write_lines(path: Path, records: Iterable[Any]) -> Path:
    """Write one JSON value a line."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def nares_file(
    path: Path, space: SearchSpace, n: int, robust: Callable[[ResidualNetwork], float], seed: int = 0
) -> Path:
    """Write a file of ``n`` networks drawn at random, whose accuracy in per cent is a function of each."""
    rng = np.random.default_rng(seed)
    genomes = rng.permutation(int(np.prod(space.sizes)))[:n]
    records = []
    for number, index in enumerate(genomes):
        network = space.decode(np.array(np.unravel_index(index, tuple(space.sizes)), dtype=np.int64))
        assert isinstance(network, ResidualNetwork)
        widths = [channels // base for channels, base in zip(network.channels, (16, 32, 64), strict=True)]
        records.append(nares_record(1 + number, network.depths, widths, robust(network), space))
    return write_lines(path, records)


def robbench_page(folder: Path, cells: Sequence[str], accuracies: Sequence[float]) -> Path:
    """Write the two files of the web page of NAS-RobBench-201: each cell's PGD 8/255 on CIFAR-10 is its accuracy."""
    (folder / "ops.json").write_text(f"arch={json.dumps(list(cells))}")
    table = {
        str(n): [a + 0.3, a + 0.2, a + 0.19, a + 0.02, a, a - 0.04, *([0.1] * 12)] for n, a in enumerate(accuracies)
    }
    path = folder / "NAS-RobBench-201_html.json"
    path.write_text(f"acc={json.dumps(table)}")
    return path


def meta(folder: Path, cells: Sequence[str], copies: int = 0) -> None:
    """Write ``meta.json``: the networks by number; the last ``copies`` are isomorphic to the first."""
    unique = len(cells) - copies
    ids = {str(n): {"nb201-string": cell, "isomorph": str(n if n < unique else 0)} for n, cell in enumerate(cells)}
    epsilons = {"pgd@Linf": [0.1, 1.0, 8.0], "fgsm@Linf": [1.0]}
    (folder / "meta.json").write_text(json.dumps({"ids": ids, "epsilons": epsilons}))


def robbench_complete(folder: Path, cells: Sequence[str], accuracies: Sequence[float]) -> Path:
    """Write the complete file of NAS-RobBench-201 with two seeds, which differ by two hundredths."""
    meta(folder, cells)
    keys = ("val_acc", "val_fgsm_3.0_acc", "val_pgd_3.0_acc", "val_fgsm_8.0_acc", "val_pgd_8.0_acc")
    results = {
        str(n): {key: {"0": accuracy - 0.01, "1": accuracy + 0.01} for key in keys}
        for n, accuracy in enumerate(accuracies)
    }
    path = folder / "NAS-RobBench-201_all.json"
    path.write_text(json.dumps({"cifar10": results, "imagenet": results}))
    return path


def robustness_folder(
    folder: Path, cells: Sequence[str], accuracies: Sequence[float], corrupted: Sequence[str]
) -> Path:
    """Write the robustness data set on NAS-Bench-201 for CIFAR-10; the last cell is isomorphic to the first."""
    meta(folder, [*cells, cells[0]], copies=1)
    (folder / "cifar10").mkdir()

    def write(key: str, values: Callable[[float], Any]) -> None:
        content = {str(n): values(accuracy) for n, accuracy in enumerate(accuracies)}
        (folder / "cifar10" / f"{key}_accuracy.json").write_text(json.dumps({"cifar10": {key: {"accuracy": content}}}))

    write("clean", lambda a: a)
    write("pgd@Linf", lambda a: [a - 0.05, a - 0.2, 0.0])
    write("fgsm@Linf", lambda a: [a - 0.1])
    for key in corrupted:
        write(key, lambda a: [a - 0.05 * level for level in range(5)])
    return folder
