"""Do the commands work from end to end: train, kill, resume, evaluate, reproduce, estimate, search?"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from place import Place, probe

ROOT = Path(__file__).resolve().parents[2]
NETWORK = {"kind": "residual", "depths": [2, 2, 2], "channels": [16, 32, 64]}


ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}


def _command(*given: object) -> list[str]:
    return [sys.executable, "-m", "rnas", *map(str, given)]


def _run(folder: Path, *given: object, keep: Sequence[str] = ()) -> dict[str, Any]:
    """Run a command of rnas; return its exit code, its seconds, these parts of its JSON, and why it failed."""
    started = time.perf_counter()
    done = subprocess.run(
        _command(*given), cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, encoding="utf-8"
    )
    found: dict[str, Any] = {"code": done.returncode, "seconds": time.perf_counter() - started}
    if done.returncode:
        found["said"] = done.stderr[-1000:]
    if keep:
        try:
            content = json.loads(done.stdout)
        except ValueError:
            content = {}
        found |= {name: content.get(name) for name in keep}
    return found


def _data(place: Place) -> list[object]:
    return ["--data", "digits"] if place.data is None else ["--data", "cifar10", "--data-dir", place.data]


@probe(140, "whether the tests that need a GPU pass")
def tests(place: Place) -> dict[str, Any]:
    """Run the tests that need a GPU, as ``make test-gpu`` does."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", "tests"]
    if place.tiny:
        command += ["tests/test_conftest.py"]
        command.remove("tests")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|skipped|error)", done.stdout)}
    return {"code": done.returncode, **counts, "said": done.stdout[-4000:]}


@probe(240, "how robust a RobustResNet of 0.2 GFLOPs gets on CIFAR-10, and whether it is reproduced")
def training(place: Place) -> dict[str, Any]:
    """Train a RobustResNet of 0.2 GFLOPs, kill the process after its first epoch, resume, evaluate, and reproduce."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if place.tiny:
            network = {**NETWORK, "depths": [1, 1], "channels": [4, 8]}
            (folder / "net.json").write_text(json.dumps(network), encoding="utf-8")
        else:
            scaled = subprocess.run(
                _command("scale", "--flops", "200M", "--json"), env=ENVIRONMENT, capture_output=True, check=True
            )
            (folder / "net.json").write_bytes(scaled.stdout)
        images = place.size(8_000, 64)
        options = ["--recipe", "short-sat", *_data(place), "--device", place.device]
        if place.data is not None or place.tiny:
            options += ["--images", images]
        options += ["--epochs", place.size(20, 2), "--attacks", place.size("pgd20,pgd20-margin", "fgsm")]
        options += ["--batch-size", place.size(256, 32)]
        options += ["--set", f"images.test={place.size(1000 if place.data else 400, 40)}", "--output", "trained"]
        if place.device == "cuda":
            options += ["--set", "recipe.numerics={precision: bfloat16, cuda_graphs: true}"]
        if place.tiny:
            options += ["--set", "fidelity.attack_steps=1", "--set", "images.val=20"]
        process = subprocess.Popen(
            _command("train", "net.json", *options),
            cwd=folder,
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        while process.poll() is None and not (folder / "trained" / "history.csv").exists():
            time.sleep(0.05)
        os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        said = process.communicate()[1]
        found: dict[str, Any] = {"before it was killed": said[-1000:]}
        summary = ("status", "epochs_done", "seconds", "best", "device", "processor", "without_cuda_graph")
        place.keep(found)
        found["resume"] = _run(folder, "resume", "trained", "--json", keep=summary)
        history = folder / "trained" / "history.csv"
        found["history"] = history.read_text(encoding="utf-8").splitlines() if history.exists() else None
        place.keep(found)
        weights = ["trained/best.safetensors", "--device", place.device, "--json"]
        weights += [] if place.data is None else ["--data-dir", place.data]
        attack = ["--attacks", place.size("pgd20,autoattack-cascade", "fgsm"), "--images", place.size(400, 20)]
        results = ("clean", "attacks", "worst_case", "precision")
        evaluated = _run(folder, "evaluate", *weights, *attack, "--output", "evaluated", keep=results)
        evaluated["clean"], evaluated["worst_case"] = (
            (evaluated[part] or {}).get("accuracy") for part in ("clean", "worst_case")
        )
        evaluated["attacks"] = [(one["name"], one["accuracy"], one["cost"]) for one in evaluated["attacks"] or ()]
        found["evaluate"] = evaluated
        place.keep(found)
        found["reproduce"] = _run(folder, "reproduce", "trained", "--json", keep=("status", "reproduced", "conditions"))
        return found


@probe(120, "how many candidates an hour a search evaluates, with one worker and with several on a GPU", timed=True)
def search(place: Place) -> dict[str, Any]:
    """Estimate the cost of a search, then search with one worker, and with four that share the GPU."""
    preset = "digits" if place.data is None else "cifar10-smoke"
    options: list[object] = ["search", "--preset", preset, "--set", f"device={place.device}"]
    if place.data is not None:
        options += ["--data-dir", place.data]
        options += ["--set", "evaluator.train.images={search_val: 1000, test: 1000}"]
        options += ["--set", "evaluator.train.fidelity.images=8000"]
    if place.tiny:
        options += ["--set", "evaluator.train.fidelity={epochs: 1, batch_size: 64, images: 64, attack_steps: 1}"]
        options += ["--set", "evaluator.train.images={search_val: 32, test: 32}"]
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        found["estimate"] = _run(Path(name), *options, "--dry-run", "--json", keep=("work", "slots", "device"))
        for workers, graphs in place.size(((1, False), (4, False), (4, True)), ((1, False), (2, False))):
            output = f"search-{workers}-{graphs}"
            budget = place.size(6 if workers == 1 else 12, 2)
            more = ["--budget", budget, "--workers", workers, "--output", output, "--json"]
            more += ["--set", "evaluator.train.recipe.numerics.cuda_graphs=true"] if graphs else []
            result = _run(Path(name), *options, *more)
            file = Path(name) / output / "result.json"
            if file.exists():
                content = json.loads(file.read_text(encoding="utf-8"))
                result["evaluations"] = [
                    {key: record.get(key) for key in ("key", "status", "reason", "metrics", "seconds")}
                    for record in content.get("evaluations", content.get("records", []))
                ]
                result["candidates an hour"] = 3600 * len(result["evaluations"]) / result["seconds"]
            found[f"{workers} workers{', graphs' if graphs else ''}"] = result
            place.keep(found)
    return found
