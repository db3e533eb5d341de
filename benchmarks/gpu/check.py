"""Answer in one run, on one GPU and within nine minutes, what cannot be known without a GPU.

    PYTHONPATH=. python benchmarks/gpu/check.py --data-dir DIR --json benchmarks/gpu/NAME.json

Each probe has a process and a time limit of its own, so that one that breaks its GPU or hangs stops no other. The file
is written after each of them. ``--tiny`` makes every probe as small as it can be, to test this check, also on a CPU.
"""

import argparse
import datetime
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import commands
import correctness
import failures
import speed
import torch
from place import PROBES, Place, words

GROUPS = {"correctness": correctness, "failures": failures, "speed": speed, "commands": commands}
"""A module for each group of probes; the order of their probes is that in which they run."""


def parsed() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("probes", nargs="*", metavar="PROBE", help=f"some of {', '.join(PROBES)}; or a group")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--data-dir", type=Path, help="folder of CIFAR-10; without it images are random or digits")
    parser.add_argument("--seconds", type=float, default=540, help="after which no probe begins")
    parser.add_argument("--patience", type=float, default=1, help="times the time limit of each probe")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--json", type=Path, help="file of the results")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Run the probes."""
    arguments = parsed()
    data = None if arguments.data_dir is None else arguments.data_dir.resolve()
    place = Place(arguments.device, data, arguments.tiny)
    if arguments.one:
        print("\n" + json.dumps(PROBES[arguments.one].function(place), default=str))
        return
    content: dict[str, Any] = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "device": arguments.device,
        "tiny": arguments.tiny,
        "data": "random images and digits" if data is None else "CIFAR-10",
        "probes": {},
    }
    started = time.monotonic()
    for name in chosen(arguments.probes):
        if arguments.device == "cpu" and not PROBES[name].on_cpu:
            result: dict[str, Any] = {"skipped": "it needs a GPU"}
        else:
            left = arguments.seconds - (time.monotonic() - started)
            limit = min(PROBES[name].seconds * arguments.patience, left)
            result = {"skipped": "the time is over"} if left < 1 else run(name, limit)
        content["probes"][name] = result
        line = {key: value for key, value in result.items() if key != "found"} or {"seconds": "?"}
        print(f"{name}: {line} {summary(result.get('found'))}", flush=True)
        if arguments.json is not None:
            arguments.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"all: {time.monotonic() - started:.0f} s")


def chosen(asked: list[str]) -> list[str]:
    """Return the names of the probes to run."""
    names: list[str] = []
    for name in asked or list(PROBES):
        if name in GROUPS:
            names += [each for each, probe in PROBES.items() if probe.function.__module__ == name]
        elif name in PROBES:
            names.append(name)
        else:
            sys.exit(f"no probe {name}; known: {', '.join([*PROBES, *GROUPS])}")
    return names


def run(name: str, limit: float) -> dict[str, Any]:
    """Run a probe in a process of its own, with all that it starts."""
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *sys.argv, "--one", name],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        out, said = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return {"seconds": limit, "failed": "it ran past its time limit", "said": process.communicate()[1][-2000:]}
    result: dict[str, Any] = {"seconds": round(time.monotonic() - started, 1)}
    try:
        return {**result, "found": json.loads(out.splitlines()[-1])}
    except (IndexError, ValueError) as error:
        return {**result, "failed": words(error), "code": process.returncode, "said": said[-2000:]}


def summary(found: Any) -> str:
    """Return the errors of a probe in a few words."""
    errors = found.get("errors") if isinstance(found, dict) else None
    if errors is None:
        return ""
    return f"{len(found['works'])} work, {len(errors)} fail: {list(errors.items())[:3]}"


if __name__ == "__main__":
    main()
