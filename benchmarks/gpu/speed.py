"""How fast are training and evaluation, and several trainings at once?"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from functools import partial
from typing import Any

import torch
from comparison import Settings, compare
from peak import peak
from place import EPSILON, Place, attempts, networks, probe, small
from timed_process import Subject, Variant
from together import together
from variants import BFLOAT16, FLOAT32, GRAPHED, PLAIN, TF32

from baselines.robust_resnet import ARCHITECTURES as ROBUST_RESNETS
from baselines.wide_resnet import ARCHITECTURES as WIDE_RESNETS
from rnas.attacks.pgd import PGD
from rnas.attacks.state import attacking
from rnas.evaluation.robustness import evaluate_robustness
from rnas.networks.architecture import Architecture
from rnas.networks.block import Block
from rnas.training import numerics as training_numerics
from rnas.training._folding import FoldedNetwork
from rnas.training.numerics import Numerics
from rnas.utils._devices import mps_runs, now

NUMERICS: dict[str, dict[str, Any]] = {
    "float32": {},
    "float32, channels first": {"channels_last": False},
    "tf32": {"tf32": True},
    "bfloat16": {"precision": "bfloat16"},
    "tf32, graphs": {"tf32": True, "cuda_graphs": True},
    "bfloat16, graphs": {"precision": "bfloat16", "cuda_graphs": True},
    "bfloat16, graphs, channels first": {"precision": "bfloat16", "cuda_graphs": True, "channels_last": False},
}
GRAPHS = NUMERICS["bfloat16, graphs"]

RATIO_OF_SMALL, RATIO_OF_A1, SHARE_OF_PEAK = 8, 5, 0.4
"""Goals: times as fast as the papers' loop below 0.2 GFLOPs and for RobustResNet-A1, and the share for WRN-28-10."""


@probe(110, "how fast training is beside the papers' loop, and which share of the peak it reaches", timed=True)
def throughput(place: Place) -> dict[str, Any]:
    """Train in turns with the papers' loop, by SAT with ten attack steps."""
    device = torch.device(place.device)
    precisions = ("float32", "tf32", "bfloat16") if place.device == "cuda" else ("float32",)
    peaks = {precision: peak(device, precision) for precision in precisions}
    found: dict[str, Any] = {"TFLOP/s of the fastest product": {name: value / 1e12 for name, value in peaks.items()}}
    settings = Settings(place.size(3, 1), place.size(0.2, 0.001), peaks)
    large = {
        "WRN-28-10": (WIDE_RESNETS["wrn-28-10"], "share of the peak", SHARE_OF_PEAK),
        "RobustResNet-A1": (ROBUST_RESNETS["robust-resnet-a1"], "ratio to the papers' loop", RATIO_OF_A1),
    }
    few = {name: (network, "ratio to the papers' loop", RATIO_OF_SMALL) for name, network in networks(place).items()}
    variants = [TF32, BFLOAT16, GRAPHED] if place.device == "cuda" else [FLOAT32]
    for name, (network, what, goal) in (few | place.size(large, {})).items():
        subject = Subject(network, PLAIN, place.size(128, 4), place.device, attack_steps=place.size(None, 1))
        rows = compare(name, subject, {"sat-10": variants}, settings)
        found[name] = {row["variant"]: _shown(row) for row in rows}
        reached = max(row.get(what, 0.0) for variant, row in found[name].items() if variant != PLAIN.name)
        found[name]["goal"] = {"what": what, "goal": goal, "reached": reached}
        place.keep(found)
    return found


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    if "failed" in row:
        return {"failed": row["failed"]}
    return {
        "ms": 1e3 * row["seconds_per_step"]["median"],
        "images/s": row["images_per_second"],
        "ratio to the papers' loop": row["speedup"]["median"],
        "share of the peak": row["share_of_peak"],
        "MiB": row["peak_bytes"] // 2**20,
    }


@probe(70, "which switches help which network, and what deterministic algorithms cost", timed=True)
def steps(place: Place) -> dict[str, Any]:
    """Time a training step with PGD-7 under every switch."""
    batches = place.size((128, 512), (4,))
    works = {
        f"{name}, batch {batch}, {key}": partial(_step, place, network, numerics, batch)
        for name, network in networks(place).items()
        for batch in batches
        for key, numerics in list(NUMERICS.items())[: place.size(None, 1)]
        if batch == batches[0] or key.startswith("bfloat16")
    }
    grouped = small(Block(normalization="group"))
    for key in place.size(("bfloat16, graphs", "bfloat16, graphs, channels first"), ()):
        works[f"group normalisation, {key}"] = partial(_step, place, grouped, NUMERICS[key], 128)
    name, network = list(networks(place).items())[-1]
    for algorithms, searched in (("any algorithms", False), ("the fastest algorithms", True)):
        works[f"{name}, batch {batches[0]}, bfloat16, {algorithms}"] = partial(
            _step, place, network, NUMERICS["bfloat16"], batches[0], lambda searched=searched: _algorithms(searched)
        )
    return attempts(place, works)


@contextmanager
def _algorithms(searched: bool) -> Iterator[None]:
    """Let cuDNN use algorithms that differ from run to run, also those that are fastest in a trial."""
    before = training_numerics._repeatable
    training_numerics._repeatable = nullcontext
    torch.backends.cudnn.benchmark = searched
    try:
        yield
    finally:
        training_numerics._repeatable, torch.backends.cudnn.benchmark = before, False


def _step(
    place: Place, network: Architecture, numerics: dict[str, Any], batch: int, algorithms: Any = nullcontext
) -> dict[str, Any]:
    if place.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    images = place.images(place.size(16, 4) * batch)
    trainer = place.trainer(network, images, numerics, batch=batch, attack_steps=place.size(7, 1))
    with algorithms():
        seconds = trainer.step_seconds(place.size(12, 1))
    operations = 2 * network.cost((3, 32, 32), 10).flops * batch * (2 * place.size(7, 1) + 3)
    return {
        "ms": 1e3 * seconds,
        "images/s": batch / seconds,
        "TFLOP/s": operations / seconds / 1e12,
        "MiB": torch.cuda.max_memory_reserved() // 2**20 if place.device == "cuda" else None,
        "without a graph": trainer.graph_failure,
    }


@probe(60, "how much faster several trainings are on one GPU, in processes or on streams of one", timed=True)
def sharing(place: Place) -> dict[str, Any]:
    """Train several small networks at once: in a process each, and in one process with a stream each."""
    batch, counts = place.size(128, 4), place.size((1, 2, 4), (1, 2))
    found: dict[str, Any] = {"CUDA MPS runs": mps_runs()}
    for variant in place.size((GRAPHED, BFLOAT16), (FLOAT32,)):
        rows = together("basic", place.device, batch, variant, counts, place.size(64, 1))
        found[f"{variant.name}, processes"] = {
            row["trainings"]: row.get("failed") or row["images_per_second"] for row in rows
        }
        place.keep(found)
        found[f"{variant.name}, streams"] = {count: _on_streams(place, variant, count, batch) for count in counts}
        place.keep(found)
    return found


class _EnoughError(Exception):
    """Stop a training that only had to be timed."""


def _on_streams(place: Place, variant: Variant, count: int, batch: int) -> float:
    """Return the images a second of several trainings in this process, each in a thread and on a stream of its own."""
    warm_ups, timed = place.size(6, 1), place.size(64, 1)
    images = place.images((warm_ups + timed + 1) * batch)
    numerics = variant.numerics.model_dump()
    trainers = [
        place.trainer(small(), images, numerics, batch=batch, attack_steps=place.size(10, 1)) for _ in range(count)
    ]
    # Graphs are captured one after the other, because a capture forbids much to all threads.
    capturing, start = threading.Lock(), threading.Barrier(count)
    spans: list[tuple[float, float]] = []

    def train(trainer: Any) -> None:
        done, began = 0, 0.0

        def check(_share: float) -> None:
            nonlocal done, began
            if done == warm_ups:
                now(place.device)
                capturing.release()
                start.wait()
                began = now(place.device)
            if done == warm_ups + timed:
                raise _EnoughError
            done += 1

        capturing.acquire()
        with ExitStack() as stack:
            if place.device == "cuda":
                stack.enter_context(torch.cuda.stream(torch.cuda.Stream()))
            stack.enter_context(suppress(_EnoughError))
            list(trainer.epochs(check))
        spans.append((began, now(place.device)))

    threads = [threading.Thread(target=train, args=(trainer,), daemon=True) for trainer in trainers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    begun, ended = zip(*spans, strict=True)
    return count * timed * batch / (max(ended) - min(begun))


@probe(30, "how much of a step the GPU works, and on which kernels", timed=True)
def anatomy(place: Place) -> dict[str, Any]:
    """Say where the time of a training step goes."""
    found: dict[str, Any] = {}
    for name, network in list(networks(place).items())[-2:]:
        images = place.images(8 * place.size(128, 2))
        folded = FoldedNetwork(place.build(network), images.first(1).images(slice(None)), torch.bfloat16)
        found[name] = {
            "ms of the refresh of folded weights": place.milliseconds(folded.refresh, 5),
            "ms of preparing an attack": place.milliseconds(partial(_prepare, folded), 5),
        }
        for key in place.size(("bfloat16", "bfloat16, graphs"), ("float32",)):
            found[name][key] = _profiled(place, network, images, NUMERICS[key])
            place.keep(found)
    return found


def _prepare(model: torch.nn.Module) -> None:
    with attacking(model):
        pass


def _profiled(place: Place, network: Architecture, images: Any, numerics: dict[str, Any]) -> dict[str, Any]:
    """Return the kernels of eight steps after the first epoch; on a CPU operations stand for kernels."""
    activity = torch.profiler.ProfilerActivity
    trainer = place.trainer(network, images, numerics, epochs=2, batch=len(images) // 8, attack_steps=place.size(7, 1))
    epochs = trainer.epochs()
    next(epochs)
    on_gpu = place.device == "cuda"
    with torch.profiler.profile(activities=[activity.CUDA if on_gpu else activity.CPU]) as profiler:
        started = now(place.device)
        next(epochs)
        seconds = now(place.device) - started
    measure = "self_device_time_total" if on_gpu else "self_cpu_time_total"
    rows = sorted(((getattr(one, measure), one.count, one.key) for one in profiler.key_averages()), reverse=True)
    busy = [row for row in rows if row[0] > 0]
    return {
        "ms a step under the profiler": 1e3 * seconds / 8,
        "kernels a step": sum(count for _, count, _ in busy) / 8,
        "share of the time that kernels take": sum(spent for spent, _, _ in busy) / 1e6 / seconds,
        "heaviest, ms a step": [[key[:80], round(spent / 8e3, 3)] for spent, _, key in busy[:10]],
    }


@probe(40, "which batch and which memory format is fastest for attacks", timed=True)
def evaluation(place: Place) -> dict[str, Any]:
    """Time PGD-20 by precision, memory format, batch, and with graphs; images a second."""
    kinds = {
        "float32": Numerics(),
        "float32, graphs": Numerics(cuda_graphs=True),
        "float32, channels first": Numerics(channels_last=False),
        "tf32": Numerics(tf32=True),
        "bfloat16": Numerics(precision="bfloat16"),
    }
    return attempts(
        place,
        {
            f"{name}, batch {batch}, {key}": partial(_images_per_second, place, network, numerics, batch)
            for name, network in networks(place).items()
            for batch in place.size((500, 2000), (4,))
            for key, numerics in list(kinds.items())[: place.size(None, 1)]
        },
    )


def _images_per_second(place: Place, network: Architecture, numerics: Numerics, batch: int) -> float:
    # Fewer batches than these are not worth a graph.
    count = 8 * batch if numerics.cuda_graphs else batch
    images, model = place.images(count), place.build(network).eval()
    numerics.prepare(model)
    attack = PGD(EPSILON, place.size(20, 1))

    def run() -> None:
        with numerics.active(torch.device(place.device)):
            evaluate_robustness(model, images, [attack], 0, batch, graphs=numerics.cuda_graphs)

    return 1e3 * count / place.milliseconds(run, 1)
