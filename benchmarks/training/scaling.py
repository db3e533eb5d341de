"""Measure the cost of a training step as depth, width, batch and attack steps grow."""

from dataclasses import replace
from typing import Any

from comparison import Settings, compare
from networks import NETWORKS, candidate
from timed_process import FailedError, Subject, Variant

from rnas.networks.residual import ResidualNetwork

DEPTHS = (1, 2, 4, 8)
WIDTHS = {"cpu": (8, 16, 32), "cuda": (8, 16, 32, 64, 128)}
BATCHES = {"cpu": (8, 32, 128), "cuda": (32, 128, 512, 1024)}
ATTACK_STEPS = (1, 3, 10, 20)


def scaling(device: str, threads: int, batch: int, variant: Variant, settings: Settings) -> list[dict[str, Any]]:
    """Return rows for a network of basic blocks under TRADES, in which the number named by ``grows`` grows."""
    base = NETWORKS["basic"]
    assert isinstance(base, ResidualNetwork)
    subject = Subject(base, variant, batch, device, threads)
    block = base.blocks[0]
    kind = "cuda" if device.startswith("cuda") else "cpu"
    subjects = {
        "depth": [(n, replace(subject, network=candidate(block, depth=n))) for n in DEPTHS],
        "width": [(n, replace(subject, network=candidate(block, width=n))) for n in WIDTHS[kind]],
        "batch": [(n, replace(subject, batch=n)) for n in BATCHES[kind]],
        "attack_steps": [(n, replace(subject, attack_steps=n)) for n in ATTACK_STEPS],
    }
    rows = []
    for name, points in subjects.items():
        for value, point in points:
            try:
                (row,) = compare("basic", point, {"trades-10": []}, settings)
            except FailedError as error:
                row = {"failed": str(error)}
            rows.append({"grows": name, "value": value, **row})
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """Format rows for people."""
    lines = [f"\n{'grows':14}{'to':>6}{'MFLOPs':>9}{'ms/step':>10}{'images/s':>10}{'peak':>6}{'memory':>9}"]
    for row in rows:
        if "failed" in row:
            lines.append(f"{row['grows']:14}{row['value']:6}  {row['failed']}")
            continue
        lines.append(
            f"{row['grows']:14}{row['value']:6}{row['flops'] / 1e6:9.0f}{row['seconds_per_step']['median'] * 1e3:10.1f}"
            f"{row['images_per_second']:10.1f}{row['share_of_peak']:6.0%}{row['peak_bytes'] / 2**20:6.0f} MB"
        )
    return "\n".join(lines)
