"""A small search with real trainings, and ways to change what it recorded."""

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from rnas.errors import DivergedError
from rnas.nas.evaluators.evaluator import Context, Evaluation, Status, Task

CONFIG: dict[str, Any] = {
    "space": {
        "name": "digits-bench",
        "narrow": {"depth1": [1], "depth2": [1], "depth3": [1], "width1": [1], "width2": [1], "topology": ["basic"]},
    },
    "evaluator": {
        "train": {
            "data": "digits",
            "images": {"train": 100, "search_val": 60, "test": 40},
            "fidelity": {"epochs": 2, "batch_size": 50, "attack_steps": 1, "attack_step": "1"},
            "evaluation": {"steps": 2, "step": "1/2", "diagnostics": ["sparsity"]},
        }
    },
    "strategy": "random",
    "budget": 2,
    "workers": 0,
    "device": "cpu",
    "seed": 7,
}

FUNCTION: dict[str, Any] = {
    **CONFIG,
    "evaluator": {"call": "tests.rnas.experiments.reproduction.records:by_seed"},
    "objectives": [{"metric": "score", "direction": "maximize", "reference": 0}],
    "budget": 1,
}
"""The same, of a score that a function gives."""


def change(run: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    """Change the evaluations in a run's ledger, as JSON."""
    with closing(sqlite3.connect(run / "ledger.db")) as connection, connection:
        table = "trial_user_attributes"
        select = f"SELECT trial_user_attribute_id, value_json FROM {table} WHERE key = 'evaluation'"
        for row, text in connection.execute(select).fetchall():
            content = json.loads(text)
            edit(content)
            update = f"UPDATE {table} SET value_json = ? WHERE trial_user_attribute_id = ?"
            connection.execute(update, (json.dumps(content), row))


def hashes(folder: Path) -> dict[str, str]:
    """Sha256 of every file of a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def with_provenance(task: Task, context: Context) -> Evaluation:
    """What a user's function may record of itself."""
    return Evaluation(
        Status.COMPLETE, {"score": 0.5}, provenance={"data": {"name": "mine"}, "evaluation": {"attack": "mine"}}
    )


def by_seed(task: Task, context: Context) -> dict[str, float]:
    """A score that depends on the seed; fails for the seeds that the environment names, as in ``7:memory,8:device``."""
    told = dict(each.split(":") for each in os.environ.get("FAILING", "").split(",") if each)
    failure = told.get(str(task.seed))
    if failure == "memory":
        raise MemoryError
    if failure == "device":
        raise OSError(5, "Input/output error")
    if failure == "diverged":
        raise DivergedError("the loss is not finite")
    return {"score": 0.5 + task.seed % 3 / 100}
