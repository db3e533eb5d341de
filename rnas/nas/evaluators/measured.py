"""Measure latency and memory of networks, before they are trained."""

import io
import logging
import time
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from rnas.nas.evaluators.costs import LATENCY, MEMORY, PROVENANCE, CostSettings, LatencySettings
from rnas.nas.evaluators.evaluator import Context, Evaluates, Evaluation, ReportsToDriver, Status, Task, inputs_of
from rnas.networks import architecture as arch
from rnas.networks.architecture import Architecture, Shape
from rnas.utils._devices import now
from rnas.utils._extras import require_extra
from rnas.utils.provenance import device_name, processor

_UNTIMED = 3
_OPSET = 18
_QUARTILES = (25, 50, 75)

Costs = Mapping[str, Mapping[str, Any]]
"""What was measured of a network, by metric: its median, its quartiles, and how it was measured."""


@dataclass(frozen=True)
class Measured:
    """Measure what networks cost, and then evaluate them.

    A network outside a band fails before it is trained. What is measured stands in the provenance, too.

    Attributes:
        evaluator: evaluates the networks.
        settings: what is measured.
        input_shape: (C, H, W) of one image.
        num_classes: number of logits.
        measured: what is known already of networks, by key, and is not measured again.
    """

    evaluator: Evaluates
    settings: CostSettings
    input_shape: Shape
    num_classes: int
    measured: Mapping[str, Costs]

    @property
    def instant(self) -> bool:
        """Return whether the evaluations themselves take no time to speak of."""
        return bool(getattr(self.evaluator, "instant", False))

    @property
    def inputs(self) -> Mapping[str, str]:
        """Return hashes of the files that the evaluator reads."""
        return inputs_of(self.evaluator)

    def on_cluster(self, ray: Any) -> "Measured":
        """Return what any node of a cluster can use; see :class:`ReportsToDriver`."""
        inner = self.evaluator
        return replace(self, evaluator=inner.on_cluster(ray) if isinstance(inner, ReportsToDriver) else inner)

    def evaluate(self, task: Task, context: Context) -> Evaluation:
        """Measure and evaluate one architecture."""
        started = time.perf_counter()
        known = self.measured.get(arch.key(task.architecture))
        costs = self.costs(task.architecture, context.device) if known is None else known
        reason = self._outside(costs) if known is None else ""
        if reason:
            evaluation = Evaluation(Status.FAILED, seconds=time.perf_counter() - started, reason=reason)
        else:
            evaluation = self.evaluator.evaluate(task, context)
        return with_costs(evaluation, costs)

    def costs(self, architecture: Architecture, device: str) -> Costs:
        """Measure one architecture on a device."""
        with torch.random.fork_rng(devices=[]):
            network = architecture.build(self.num_classes, self.input_shape)
        found: dict[str, dict[str, Any]] = {}
        if (memory := self.settings.peak_memory_mb) is not None:
            images = torch.zeros(memory.batch_size, *self.input_shape)
            megabytes = peak_bytes(network, images, device) / 1e6
            found[MEMORY] = _described([megabytes], device) | {"batch_size": memory.batch_size}
        if (latency := self.settings.latency_ms) is not None:
            images = torch.zeros(latency.batch_size, *self.input_shape)
            where = "cpu" if latency.runtime == "onnx" else device
            how = latency.model_dump(mode="json", exclude={"band", "repetitions"})
            found[LATENCY] = _described(milliseconds(network, images, where, latency), where) | how
        return found

    def _outside(self, costs: Costs) -> str:
        """Return in one line which band a network is outside of; empty if it is in all."""
        for name, settings in self.settings.measured.items():
            if costs[name]["median"] not in settings.band:
                return f"{name} is {costs[name]['median']:.4g}, outside its band {settings.band}: it was not evaluated"
        return ""


def with_costs(evaluation: Evaluation, costs: Costs) -> Evaluation:
    """Return an evaluation with measured costs among its metrics, if it has any, and in its provenance."""
    complete = evaluation.status is Status.COMPLETE
    metrics = {name: float(one["median"]) for name, one in costs.items()} if complete else {}
    return replace(
        evaluation,
        metrics={**evaluation.metrics, **metrics},
        provenance={**evaluation.provenance, PROVENANCE: {name: dict(one) for name, one in costs.items()}},
    )


def milliseconds(network: nn.Module, images: Tensor, device: str, settings: LatencySettings) -> list[float]:
    """Return the time of each repetition on a batch of images (N, C, H, W), in milliseconds."""
    with _threads(settings.threads):
        run = _onnx(network, images, settings) if settings.runtime == "onnx" else _eager(network, images, device)
        for _ in range(_UNTIMED):
            run()
        found = []
        for _ in range(settings.repetitions):
            started = now(device)
            run()
            found.append(1e3 * (now(device) - started))
    return found


def peak_bytes(network: nn.Module, images: Tensor, device: str) -> int:
    """Return the most bytes of weights and maps that an evaluation of images (N, C, H, W) holds at one time.

    On a CPU the tensors are counted, so that the result is exact; on a GPU torch's allocator counts them.
    """
    if device.startswith("cuda"):
        held = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        _eager(network, images, device)()
        return int(torch.cuda.max_memory_allocated(device) - held)
    weights = sum(tensor.nbytes for tensor in [*network.parameters(), *network.buffers()])
    network.eval()
    with torch.no_grad(), _LiveBytes() as live:
        network(images)
    return int(weights + images.nbytes + live.most)


def _described(values: Sequence[float], device: str) -> dict[str, Any]:
    low, median, high = (float(value) for value in np.percentile(values, _QUARTILES))
    where = device_name(device) if device != "cpu" else processor(device)
    return {"median": median, "quartiles": [low, high], "repetitions": len(values), "device": where}


def _eager(network: nn.Module, images: Tensor, device: str) -> Callable[[], object]:
    network, images = network.to(device).eval(), images.to(device)

    def run() -> None:
        with torch.inference_mode():
            network(images)

    return run


def _onnx(network: nn.Module, images: Tensor, settings: LatencySettings) -> Callable[[], object]:
    require_extra("onnx", "onnx", "onnxscript", "onnxruntime")
    import onnxruntime

    content = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        # torch and onnxscript warn of deprecated functions of their own.
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            network.eval(), (images,), input_names=["images"], opset_version=_OPSET, dynamo=True, verbose=False
        )
    assert program is not None
    content.write(program.model_proto.SerializeToString())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(content.getvalue(), options, providers=["CPUExecutionProvider"])
    given = {"images": images.numpy()}
    return lambda: session.run(None, given)


@contextmanager
def _threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _LiveBytes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Count the bytes of all tensors that operations make, as long as they live."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.most = 0
        self._bytes = 0
        self._alive: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        inputs = {leaf.untyped_storage().data_ptr() for leaf in tree_leaves((args, kwargs)) if _is_dense(leaf)}
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if _is_dense(leaf) and leaf.untyped_storage().data_ptr() not in inputs:
                self._hold(leaf.untyped_storage())
        return result

    def _hold(self, storage: torch.UntypedStorage) -> None:
        place, size = storage.data_ptr(), storage.nbytes()
        if place in self._alive:
            return
        self._alive.add(place)
        self._bytes += size
        self.most = max(self.most, self._bytes)
        weakref.finalize(storage, self._release, place, size)

    def _release(self, place: int, size: int) -> None:
        self._alive.discard(place)
        self._bytes -= size


def _is_dense(value: object) -> bool:
    return isinstance(value, Tensor) and value.layout == torch.strided
