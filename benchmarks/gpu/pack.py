"""Gather in one file what the check needs on a machine that has PyTorch and no network.

    python benchmarks/gpu/pack.py build/gpu.tar.xz --data-dir data
    python benchmarks/gpu/check.py --packed build/gpu.tar.xz --json benchmarks/gpu/NAME.json

The file holds the packages that rnas and its tests need, for the Python of that machine, and some images of CIFAR-10.
It leaves out PyTorch, what PyTorch brings, and what ``--without`` names. Carry it there with the working tree.
"""

import argparse
import lzma
import os
import pickle
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
WITH_TORCH = "torch triton sympy mpmath networkx fsspec setuptools"
TESTS = ("pytest", "hypothesis")
PLATFORMS = [f"manylinux_2_{number}_x86_64" for number in (39, 35, 34, 31, 28, 27, 24, 17, 12, 5)]
UNREAD = ("pyautoattack/examples/", "pymoo/docs/", "pymoo/usage/")
"""Parts of packages that are large, and that nothing here reads."""

BATCHES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")


def main() -> None:
    """Gather everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="what is written, a .tar.xz")
    parser.add_argument("--data-dir", type=Path, help="folder of CIFAR-10; without it no images are packed")
    parser.add_argument("--images", type=int, nargs=2, default=(10_000, 1_000), help="for training and for tests")
    parser.add_argument("--python", default="3.12", help="version on the machine")
    parser.add_argument(
        "--without",
        default="numpy scipy scikit-learn matplotlib",
        help="packages that the machine has, or that the check does not use",
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        packages(folder / "site", given.python, {*WITH_TORCH.split(), *given.without.split()})
        if given.data_dir is not None:
            images(given.data_dir, folder / "data", *given.images)
        given.file.parent.mkdir(parents=True, exist_ok=True)
        with lzma.open(given.file, "wb", preset=2) as stream, tarfile.open(fileobj=stream, mode="w") as archive:
            archive.add(folder, ".")
    print(f"{given.file}: {given.file.stat().st_size / 2**20:.0f} MiB")


def packages(site: Path, python: str, there: set[str]) -> None:
    """Write the packages that rnas and its tests need, and tell Python of the entry points of rnas."""
    wanted = sorted(needed({"rnas", *TESTS}, {*there, "rnas"}))
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--python-version", python, "--implementation", "cp", "--dest", name]
        command += [word for platform in (*PLATFORMS, "manylinux2014_x86_64") for word in ("--platform", platform)]
        subprocess.run([*command, *wanted], check=True)
        for wheel in sorted(Path(name).glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(site, [one for one in archive.namelist() if not one.startswith(UNREAD)])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = site / "rnas-0.dist-info"
    own.mkdir()
    (own / "METADATA").write_text("Metadata-Version: 2.1\nName: rnas\nVersion: 0\n", encoding="utf-8")
    (own / "RECORD").write_text("", encoding="utf-8")
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items()), ""]
    (own / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")


def needed(names: set[str], there: set[str]) -> set[str]:
    """Return the packages, in the versions of here, that some packages need and a machine lacks."""
    from packaging.requirements import Requirement

    found, missing, seen = set(), list(names), set()
    while missing:
        name = re.sub(r"[-_.]+", "-", missing.pop()).lower()
        if name in seen or name.startswith("nvidia-") or name in there - names:
            continue
        seen.add(name)
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue
        if name not in there:
            found.add(f"{name}=={package.version}")
        wanted = map(Requirement, package.requires or [])
        missing += [one.name for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    return found


def images(source: Path, target: Path, training: int, test: int) -> None:
    """Write the first images of CIFAR-10 in its own form."""
    folder = target / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    shares = [len(part) for part in np.array_split(np.arange(training), 5)] + [test]
    for name, count in zip(BATCHES, shares, strict=True):
        content = pickle.loads((source / "cifar-10-batches-py" / name).read_bytes(), encoding="bytes")
        kept = {"data": content[b"data"][:count].copy(), "labels": list(content[b"labels"][:count])}
        (folder / name).write_bytes(pickle.dumps(kept, protocol=2))


def unpacked(file: Path, place: Path) -> Path:
    """Unpack a file below a folder, unless that is done, and return where."""
    state = file.stat()
    folder = place / f"rnas-check-{os.getuid()}-{state.st_size}-{int(state.st_mtime)}"
    if not folder.exists():
        half = Path(tempfile.mkdtemp(dir=place))
        with lzma.open(file) as stream, tarfile.open(fileobj=stream) as archive:
            archive.extractall(half, filter="data")
        try:
            half.rename(folder)
        except OSError:
            # Another process was faster.
            shutil.rmtree(half)
    return folder


if __name__ == "__main__":
    main()
