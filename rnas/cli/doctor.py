"""``rnas doctor``."""

import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import typer

from rnas import registry
from rnas.cli.console import AsJson, loading, print_json, print_rows
from rnas.errors import InputError

_EXTRAS = {
    "nni": ("nni", "pytorch-lightning"),
    "ray": ("ray",),
    "onnx": ("onnx", "onnxscript", "onnxruntime"),
    "postgres": ("psycopg",),
}

_UNITS = {"CPU": "cores", "GPU": "GPUs", "memory": "GiB"}

_SHARED = " (CUDA MPS runs: several workers compute side by side on one GPU)"

_CHECKSUMS = {
    None: "",
    True: ", files as published",
    False: ", files whose checksums are not the published ones",
}


def doctor(
    data_dir: Annotated[Path | None, typer.Option(help="Look for data sets' files here.")] = None,
    address: Annotated[
        str | None,
        typer.Option(metavar="auto|local|HOST:PORT", help="Check every node of this cluster of Ray instead."),
    ] = None,
    shared: Annotated[
        Path | None, typer.Option(help="With --address: directory that should be the same on every node, and writable.")
    ] = None,
    extra: Annotated[
        Path | None, typer.Option(help="With --address: file of extra images, which every node has to have.")
    ] = None,
    storage: Annotated[
        str | None, typer.Option(metavar="URL", help="With --address: database that every node should reach.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what is installed, which device there is, and whether data are found; here, or on every node of a cluster.

    Examples:

      rnas doctor --data-dir data

      rnas doctor --address auto --shared runs
    """
    if address is not None:
        _check_cluster(address, data_dir, extra, shared, storage, as_json)
        return
    for name, value in (("shared", shared), ("extra", extra), ("storage", storage)):
        if value is not None:
            raise InputError(f"{name}: it is checked on the nodes of a cluster; give its address too")
    import torch

    from rnas.utils._devices import mps_runs
    from rnas.utils._threads import available_cores
    from rnas.utils.provenance import versions

    data: dict[str, str] = {}
    for name in registry.names(registry.DATASETS):
        try:
            # The digits are part of scikit-learn and are in no folder.
            dataset = registry.load(registry.DATASETS, name)(None if name == "digits" else data_dir)
            data[name] = f"found, {len(dataset.labels):,} images{_CHECKSUMS[dataset.verified]}"
        except InputError as error:
            data[name] = f"not found: {error}"
        except Exception as error:
            # Another package's data set may fail in any way, and this is where its author looks.
            data[name] = f"broken: {type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
    gpus = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    content: dict[str, Any] = {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "cores": available_cores(),
        "gpus": gpus,
        "cuda_mps": bool(gpus) and mps_runs(),
        "versions": versions(),
        "extras": {extra: _installed(packages) for extra, packages in _EXTRAS.items()},
        "data": data,
    }
    if as_json:
        print_json(content)
        return
    rows = {
        "python": f"{content['python']} on {content['platform']}",
        "device": f"{', '.join(gpus)}{_SHARED if content['cuda_mps'] else ''}"
        if gpus
        else f"cpu, {content['cores']} cores ({_without_gpu()})",
        **{f"library {name}": found for name, found in content["versions"].items() if name != "python"},
        **{f"extra {name}": found for name, found in content["extras"].items()},
        **{f"data {name}": found for name, found in data.items()},
    }
    print_rows(("what", "state"), rows.items())


def _check_cluster(
    address: str, data_dir: Path | None, extra: Path | None, shared: Path | None, storage: str | None, as_json: bool
) -> None:
    """Print what was found of each node, and end with code 1 if anything has to be changed."""
    from rnas.nas.execution.cluster_check import check_cluster

    with loading():
        found = check_cluster(address, data_dir=data_dir, extra=extra, shared=shared, storage=storage)
    if as_json:
        print_json(found.to_dict())
    else:
        rows = []
        for node in found.nodes:
            offered = ", ".join(
                f"{value / 2**30 if name == 'memory' else value:.4g} {_UNITS[name]}"
                for name, value in sorted(node.resources.items())
            )
            data = [name.removeprefix("data ") for name in node.found if name.startswith("data ")]
            rows += [(node.address, "offers", offered)]
            rows += [(node.address, "data", ", ".join(data))] if data else []
            rows += [
                (node.address, name, node.found[name])
                for name in ("python", "torch", "rnas", "ray", "gpus", "extra", "shared", "database")
                if name in node.found
            ]
            rows += [(node.address, "note", note) for note in node.notes]
            rows += [(node.address, "to change", fault) for fault in node.faults]
            rows += [] if node.faults else [(node.address, "to change", "nothing")]
        print_rows(("node", "what", "state"), rows)
    if any(node.faults for node in found.nodes):
        raise typer.Exit(1)


def _without_gpu() -> str:
    """Return why torch sees no GPU, as far as it can be found out."""
    import torch

    if torch.version.cuda is not None or torch.version.hip is not None:
        return "no GPU is seen by torch"
    build = f"torch {torch.__version__} is a build for CPUs alone"
    if shutil.which("nvidia-smi") is None:
        return build
    return f"there is an NVIDIA driver, but {build}: install one for CUDA, see pytorch.org"


def _installed(packages: tuple[str, ...]) -> str:
    try:
        return ", ".join(f"{package} {version(package)}" for package in packages)
    except PackageNotFoundError as error:
        return f"not installed ({error.name} is missing)"
