"""Do the commands work from end to end: train, kill, resume, evaluate, reproduce, estimate, search?"""

import json
import os
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


@probe(110)
def tests(place: Place) -> dict[str, Any]:
    """Run the tests that need a GPU."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", "tests"]
    if place.tiny:
        command += ["tests/test_conftest.py"]
        command.remove("tests")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    return {"code": done.returncode, "said": done.stdout[-4000:]}


@probe(100)
def training(place: Place) -> dict[str, Any]:
    """Train, kill the process after its first epoch, resume, evaluate with AutoAttack's cascade, and reproduce."""
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
        images = place.size(15_000, 64)
        options = ["--recipe", "short-sat", *_data(place), "--device", place.device]
        if place.data is not None or place.tiny:
            options += ["--images", images]
        options += ["--epochs", place.size(4, 2), "--attacks", place.size("pgd20,pgd20-margin", "fgsm")]
        options += ["--set", f"images.test={place.size(2000 if place.data else 400, 40)}", "--output", "trained"]
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
        found["resume"] = _run(folder, "resume", "trained", "--json", keep=summary)
        history = folder / "trained" / "history.csv"
        found["history"] = history.read_text(encoding="utf-8").splitlines() if history.exists() else None
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
        found["reproduce"] = _run(folder, "reproduce", "trained", "--json", keep=("status", "reproduced", "conditions"))
        return found


@probe(120)
def search(place: Place) -> dict[str, Any]:
    """Estimate the cost of a search, then search with one worker and with four that share the GPU."""
    preset = "digits" if place.data is None else "cifar10-smoke"
    options: list[object] = ["search", "--preset", preset, "--set", f"device={place.device}"]
    if place.data is not None:
        options += ["--data-dir", place.data]
        options += ["--set", "evaluator.train.images={search_val: 1000, test: 1000}"]
    if place.tiny:
        options += ["--set", "evaluator.train.fidelity={epochs: 1, batch_size: 64, images: 64, attack_steps: 1}"]
        options += ["--set", "evaluator.train.images={search_val: 32, test: 32}"]
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        found["estimate"] = _run(Path(name), *options, "--dry-run", "--json", keep=("work", "slots", "device"))
        for workers in (1, 4)[: place.size(None, 1)]:
            output = f"search-{workers}"
            more = ["--budget", place.size(8, 2), "--workers", workers, "--output", output, "--json"]
            result = _run(Path(name), *options, *more)
            file = Path(name) / output / "result.json"
            if file.exists():
                content = json.loads(file.read_text(encoding="utf-8"))
                result["evaluations"] = [
                    {key: record.get(key) for key in ("key", "status", "reason", "metrics", "seconds")}
                    for record in content.get("evaluations", content.get("records", []))
                ]
            found[f"{workers} workers"] = result
    return found
