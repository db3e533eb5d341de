"""Check on every node of a cluster of Ray whether evaluations can run there, before a run is started."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch

from rnas import registry
from rnas.errors import InputError, error_text
from rnas.nas.execution.ray_tasks import connected
from rnas.utils import _databases as databases
from rnas.utils._text import one_line
from rnas.utils.files import file_hash
from rnas.utils.provenance import versions

_SECONDS = 300.0
_LONGEST = 200
_HASH_DIGITS = 12
_GPUS = "import torch; print(torch.cuda.device_count())"
_VISIBLE = "CUDA_VISIBLE_DEVICES"
_WRITABLE = "the same directory, and it can be written to"


@dataclass(frozen=True)
class Questions:
    """Hold what every node is asked.

    Attributes:
        data_dir: folder of the data sets' files, or None.
        extra: file of extra images, or None.
        shared: directory that should be the same everywhere, or None.
        mark: name of a file in it that the driver has written.
        storage: URL of a database with all that is needed to connect, or None.
    """

    data_dir: Path | None = None
    extra: Path | None = None
    shared: Path | None = None
    mark: str = ""
    storage: Any = field(default=None, repr=False)


@dataclass(frozen=True)
class NodeCheck:
    """Hold what was found of a node.

    Attributes:
        address: its IP address.
        resources: what Ray offers there, such as CPU and GPU, by name.
        found: versions, hashes of data, and states, by what was asked; empty if the node did not answer.
        faults: what has to be changed there, a line each.
        notes: what is different there and does no harm, a line each.
    """

    address: str
    resources: Mapping[str, float]
    found: Mapping[str, str]
    faults: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClusterCheck:
    """Hold what was found of a cluster.

    Attributes:
        here: what was found in the driver's own process.
        nodes: the nodes of the cluster.
    """

    here: Mapping[str, str]
    nodes: tuple[NodeCheck, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the check as JSON values."""
        return asdict(self)


def check_cluster(
    address: str = "auto",
    *,
    data_dir: Path | None = None,
    extra: Path | None = None,
    shared: Path | None = None,
    storage: str | None = None,
) -> ClusterCheck:
    """Ask every node of a cluster for versions, GPUs, data, a shared directory and the database.

    Args:
        address: see :class:`rnas.nas.execution.RaySettings`.
        data_dir: folder of the data sets' files.
        extra: file of extra images that recipes take, which every node reads itself.
        shared: existing directory that should be the same on every node.
        storage: URL of the database of ledgers.

    Raises:
        InputError: there is no such cluster, or directory, file or database cannot be used on this host.
    """
    questions = Questions(
        data_dir=None if data_dir is None else data_dir.absolute(),
        extra=None if extra is None else extra.absolute(),
        shared=None if shared is None else shared.absolute(),
        mark=f".rnas-{secrets.token_hex(8)}",
        storage=None if storage is None else databases.reached(storage),
    )
    with connected(address) as ray, _marked(questions):
        here = answers(questions)
        for name in ("extra", "database"):
            if here.get(name, "").startswith("not "):
                raise InputError(f"{name}: on this host it is {here[name]}")
        nodes = [node for node in ray.nodes() if node["Alive"]]
        asked = [_ask(ray, node["NodeID"], questions) for node in nodes]
        return ClusterCheck(here, tuple(map(partial(_checked, ray, here), nodes, asked)))


@contextmanager
def _marked(questions: Questions) -> Iterator[None]:
    """Leave a file in the shared directory within the block, by which a node sees that it has the same."""
    if questions.shared is None:
        yield
        return
    mark = questions.shared / questions.mark
    try:
        mark.touch()
    except OSError as error:
        raise InputError(f"shared: {questions.shared} cannot be written to on this host ({error.strerror})") from None
    try:
        yield
    finally:
        mark.unlink(missing_ok=True)


def answers(questions: Questions) -> dict[str, str]:
    """Return what this process finds on its host, by what was asked."""
    import ray

    found = {**versions(), "ray": ray.__version__, "gpus": _gpus()}
    for name in registry.names(registry.DATASETS):
        with suppress(Exception):
            # The digits are part of scikit-learn and are in no folder.
            dataset = registry.load(registry.DATASETS, name)(None if name == "digits" else questions.data_dir)
            found[f"data {name}"] = dataset.identity[:_HASH_DIGITS]
    if questions.extra is not None:
        try:
            found["extra"] = file_hash(questions.extra)[:_HASH_DIGITS]
        except OSError as error:
            found["extra"] = f"not readable: {questions.extra} ({error.strerror})"
    if questions.shared is not None:
        found["shared"] = _shared(questions.shared, questions.mark)
    if questions.storage is not None:
        found["database"] = databases.server(questions.storage)
    return found


def _shared(folder: Path, mark: str) -> str:
    if not (folder / mark).exists():
        return f"not the driver's: {folder} is another directory" if folder.is_dir() else f"not there: {folder}"
    own = folder / f"{mark}-{secrets.token_hex(4)}"
    try:
        own.touch()
        own.unlink()
    except OSError as error:
        return f"not writable: {folder} ({error.strerror})"
    return _WRITABLE


def _gpus() -> str:
    """Return how many GPUs torch sees, in a new process where Ray hides them from a task that asks for none."""
    if os.environ.get(_VISIBLE) != "" or torch.version.cuda is None:
        return str(torch.cuda.device_count())
    environment = {name: value for name, value in os.environ.items() if name != _VISIBLE}
    counted = subprocess.run([sys.executable, "-c", _GPUS], capture_output=True, text=True, env=environment)
    return counted.stdout.strip() or "0"


def _ask(ray: Any, node: str, questions: Questions) -> Any:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    there = NodeAffinitySchedulingStrategy(node, soft=False)
    return ray.remote(num_cpus=0, max_retries=0)(answers).options(scheduling_strategy=there).remote(questions)


def _checked(ray: Any, here: Mapping[str, str], node: Mapping[str, Any], asked: Any) -> NodeCheck:
    resources = {name: value for name, value in node["Resources"].items() if name in ("CPU", "GPU", "memory")}
    address = str(node["NodeManagerAddress"])
    try:
        found: dict[str, str] = ray.get(asked, timeout=_SECONDS)
    except ray.exceptions.GetTimeoutError:
        return NodeCheck(address, resources, {}, (f"it has not answered within {_SECONDS:g} seconds",))
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", None) or error
        text = error_text(cause).strip().split("\n")[-1]
        return NodeCheck(address, resources, {}, (f"rnas cannot be used there: {one_line(text, _LONGEST)}",))
    return NodeCheck(address, resources, found, *differences(here, found, int(resources.get("GPU", 0))))


def differences(
    here: Mapping[str, str], found: Mapping[str, str], gpus: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what has to be changed on a node, and what is different there and does no harm, a line each.

    Args:
        here: answers of the driver's process.
        found: answers of the node.
        gpus: number of GPUs that Ray offers there.
    """
    faults, notes = [], []
    if gpus > int(found["gpus"]):
        faults.append(f"gpus: Ray offers {gpus}, and torch sees {found['gpus']}")
    for name in dict.fromkeys([*here, *found]):
        own, other = here.get(name), found.get(name)
        if own == other or name == "gpus":
            continue
        if name in ("shared", "database"):
            faults.append(f"{name}: {other}")
        elif name == "extra":
            faults.append(f"extra: {other if other and other.startswith('not ') else 'another file is there'}")
        elif not name.startswith("data "):
            faults.append(f"{name}: {other or 'not installed'} there, and {own or 'not installed'} here")
        elif own is not None:
            notes.append(f"{name}: {'not found' if other is None else 'other images'}; the driver sends its own")
    return tuple(faults), tuple(notes)
