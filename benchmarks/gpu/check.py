"""Answer in one run, on one GPU and within nine minutes, what cannot be known without a GPU.

    python benchmarks/gpu/check.py --data-dir DIR --json benchmarks/gpu/NAME.json

Each probe has a process and a time limit of its own, so that one that breaks its GPU or hangs stops no other. The file
is written after each of them, and a probe that runs past its limit keeps what it had found. Probes that measure no time
run beside each other first. ``--resume`` runs what the file does not answer yet. ``--tiny`` makes every probe as small
as it can be, to test this check, also on a CPU. ``--packed`` uses what pack.py has gathered for a machine that has no
network.
"""

import argparse
import datetime
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MARK = "found: "
"""Begins the lines by which the process of a probe tells what it has found so far."""

AT_ONCE = {"cuda": 4, "cpu": 1}
"""Probes beside each other."""

FIRST_SECONDS = 20
"""Given to each probe in addition, since its process must import torch."""


def parsed() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("probes", nargs="*", metavar="PROBE", help="some probes or groups; without them all run")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="without it a GPU, if there is one")
    parser.add_argument("--data-dir", type=Path, help="folder of CIFAR-10; without it images are random or digits")
    parser.add_argument(
        "--packed", type=Path, help="file that pack.py has made; without --data-dir its images are used"
    )
    parser.add_argument("--seconds", type=float, default=540, help="after which no probe begins")
    parser.add_argument("--patience", type=float, default=1, help="times the time limit of each probe")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--json", type=Path, help="file of the results")
    parser.add_argument("--resume", action="store_true", help="keep what the file already answers")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Run the probes, or one of them where this is the process of one."""
    started = time.monotonic()
    arguments = parsed()
    if arguments.packed is not None:
        unpack(arguments)
    # Processes of the probes, and those that they start, import the same.
    paths = [str(ROOT), str(ROOT / "benchmarks" / "training")]
    sys.path[1:1] = paths
    os.environ["PYTHONPATH"] = os.pathsep.join([*paths, *filter(None, [os.environ.get("PYTHONPATH")])])
    import commands
    import correctness
    import failures
    import speed
    import torch
    from place import PROBES, Place

    arguments.device = arguments.device or ("cuda" if torch.cuda.is_available() else "cpu")
    data = None if arguments.data_dir is None else arguments.data_dir.resolve()
    if arguments.one:
        found = PROBES[arguments.one].function(Place(arguments.device, data, arguments.tiny))
        print(f"\n{MARK}{json.dumps(found, default=str)}")
        return
    groups = {module.__name__: module for module in (correctness, failures, commands, speed)}
    check = Check(arguments, data, PROBES, started)
    for name in chosen(arguments.probes, PROBES, groups):
        check.add(name)
    check.run()
    sys.exit(check.report())


def unpack(arguments: argparse.Namespace) -> None:
    """Use what was packed, unpacked once beside the temporary files of this machine."""
    from pack import unpacked

    folder = unpacked(arguments.packed.resolve(), Path(tempfile.gettempdir()))
    os.environ["PYTHONPATH"] = str(folder / "site")
    sys.path.insert(1, str(folder / "site"))
    if arguments.data_dir is None and (folder / "data").exists():
        arguments.data_dir = folder / "data"


def chosen(asked: list[str], probes: dict[str, Any], groups: dict[str, Any]) -> Iterator[str]:
    """Yield the names of the probes to run."""
    for name in asked or list(groups):
        if name in groups:
            yield from (each for each, probe in probes.items() if probe.function.__module__ == name)
        elif name in probes:
            yield name
        else:
            sys.exit(f"no probe {name}; known: {', '.join([*probes, *groups])}")


class Check:
    """Run probes, and write what they find as soon as it is there."""

    def __init__(
        self, arguments: argparse.Namespace, data: Path | None, probes: dict[str, Any], started: float
    ) -> None:
        self._arguments = arguments
        self._probes = probes
        self._started = started
        self._names: list[str] = []
        self.content: dict[str, Any] = {
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "device": arguments.device,
            "tiny": arguments.tiny,
            "data": "random images and digits" if data is None else "CIFAR-10",
            "probes": {},
        }
        file = arguments.json
        if arguments.resume and file is not None and file.exists():
            before = json.loads(file.read_text(encoding="utf-8"))
            if [before[key] for key in ("device", "tiny", "data")] != [
                self.content[key] for key in ("device", "tiny", "data")
            ]:
                sys.exit(f"{file} is of another device, size or data; give another file")
            self.content["probes"] = before["probes"]

    def add(self, name: str) -> None:
        """Take a probe that is not answered yet."""
        before = self.content["probes"].get(name, {})
        if not before or before.keys() & {"skipped", "failed"}:
            self._names.append(name)

    def run(self) -> None:
        """Run all probes: those that measure times alone, after the others."""
        probes, names = self._probes, self._names
        with ThreadPoolExecutor(AT_ONCE[self._arguments.device]) as pool:
            running = {pool.submit(self._result, name): name for name in names if not probes[name].timed}
            for future in as_completed(running):
                self._keep(running[future], future.result())
        for name in names:
            if probes[name].timed:
                self._keep(name, self._result(name))

    def _result(self, name: str) -> dict[str, Any]:
        probe, arguments = self._probes[name], self._arguments
        if arguments.device == "cpu" and not probe.on_cpu:
            return {"skipped": "it needs a GPU"}
        left = arguments.seconds - (time.monotonic() - self._started)
        if left < 1:
            return {"skipped": "the time is over"}
        return run(name, arguments, min((FIRST_SECONDS + probe.seconds) * arguments.patience, left))

    def _keep(self, name: str, result: dict[str, Any]) -> None:
        self.content["probes"][name] = result
        line = {key: value for key, value in result.items() if key not in ("found", "said")}
        print(f"{name}: {line} {summary(result.get('found'))}", flush=True)
        self._write()

    def _write(self) -> None:
        self.content["unanswered"] = self.unanswered()
        if self._arguments.json is not None:
            self._arguments.json.write_text(json.dumps(self.content, indent=1) + "\n", encoding="utf-8")

    def unanswered(self) -> dict[str, str]:
        """Return what is not known yet, by probe."""
        found: dict[str, str] = {}
        for name, probe in self._probes.items():
            result = self.content["probes"].get(name)
            if result is None:
                found[name] = "it did not run"
            elif why := result.get("skipped") or result.get("failed"):
                found[name] = f"{why}: {probe.question}" if probe.question else why
            elif self._arguments.device == "cpu" and probe.question:
                found[name] = f"only a GPU tells {probe.question}"
        return found

    def report(self) -> int:
        """Print what is not known yet; return the exit code, 1 if a probe failed."""
        results = self.content["probes"]
        print(f"all: {time.monotonic() - self._started:.0f} s")
        print("\nnot answered:", *(f"  {name}: {why}" for name, why in self.unanswered().items()), sep="\n")
        return int(any("failed" in results.get(name, {}) for name in self._names))


def run(name: str, arguments: argparse.Namespace, limit: float) -> dict[str, Any]:
    """Run a probe in a process of its own, with all that it starts."""
    started = time.monotonic()
    command = [sys.executable, __file__, "--one", name, "--device", arguments.device]
    command += ["--tiny"] if arguments.tiny else []
    command += [] if arguments.data_dir is None else ["--data-dir", str(arguments.data_dir)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    result: dict[str, Any] = {}
    try:
        out, said = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, said = process.communicate()
        result["failed"] = "it ran past its time limit"
    result["seconds"] = round(time.monotonic() - started, 1)
    if process.returncode and "failed" not in result:
        result |= {"failed": f"it ended with code {process.returncode}"}
    if "failed" in result:
        result["said"] = said[-2000:]
    lines = [line for line in out.splitlines() if line.startswith(MARK)]
    if lines:
        result["found"] = json.loads(lines[-1].removeprefix(MARK))
    return result


def summary(found: Any) -> str:
    """Return the errors of a probe in a few words."""
    errors = found.get("errors") if isinstance(found, dict) else None
    if errors is None:
        return ""
    return f"{len(found['works'])} work, {len(errors)} fail: {list(errors.items())[:3]}"


if __name__ == "__main__":
    main()
