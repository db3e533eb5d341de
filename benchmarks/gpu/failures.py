"""What becomes of a process, and of a search, after an error on the GPU?"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch
from place import EPSILON, Place, probe, small, words

from rnas.attacks.pgd import PGD
from rnas.evaluation.robustness import evaluate_robustness
from rnas.nas.evaluators.evaluator import Context, Evaluation, Status, Task
from rnas.nas.execution.executor import Limits
from rnas.nas.execution.process_slots import ProcessSlots
from rnas.training import _cuda_graph as cuda_graph
from rnas.utils._devices import out_of_memory as is_memory
from rnas.utils._devices import release


class Breaking:
    """Evaluate networks of which one reads beyond the end of its memory, as a faulty plug-in might."""

    def evaluate(self, task: Task, context: Context) -> Evaluation:
        """Return a score, or break the device with seed 1."""
        beyond = torch.tensor([9 if task.seed == 1 else 0], device=context.device)
        value = torch.ones(4, device=context.device)[beyond].sum().item()
        return Evaluation(Status.COMPLETE, {"score": value})


@probe(60, "whether an assertion on the GPU leaves later evaluations alone")
def broken(place: Place) -> dict[str, Any]:
    """Evaluate four networks of which the second breaks the device, in one worker and in two that share a GPU."""
    name = "cuda:0" if place.device == "cuda" else "cpu"
    found = {}
    for workers in (1, 2)[: place.size(None, 1)]:
        slots = ProcessSlots(Breaking(), [name] * workers, Limits(60))
        statuses: dict[int, str] = {}
        try:
            waiting = list(range(4))
            while len(statuses) < 4:
                while waiting and 4 - len(waiting) - len(statuses) < workers:
                    number = waiting.pop(0)
                    slots.submit(number, Task(small(), number))
                for number, evaluation in slots.wait(lambda shares: None):
                    statuses[number] = f"{evaluation.status} {evaluation.reason}"[:160]
        finally:
            slots.close()
        found[f"{workers} workers"] = dict(sorted(statuses.items()))
    return found


class _EnoughError(Exception):
    """Stop a training after a step."""


@probe(60, "what torch raises where memory runs out, and what it leaves behind", on_cpu=False)
def out_of_memory(place: Place) -> dict[str, Any]:
    """Fill a small part of the memory in training, evaluation, warm-up and capture, and use the process again."""
    torch.cuda.set_per_process_memory_fraction(0.012)
    images = place.images(4096)
    graphs = {"precision": "bfloat16", "cuda_graphs": True}

    def stop(share: float) -> None:
        if share:
            raise _EnoughError

    def train(batch: int, numerics: dict[str, Any], reads_number: bool = False) -> str:
        trainer = place.trainer(small(), images, numerics, batch=batch, attack_steps=2)
        if reads_number:
            trainer.model.register_forward_pre_hook(lambda _module, given: given[0].sum().item() and None)
        with suppress(_EnoughError):
            list(trainer.epochs(stop))
        return trainer.graph_failure

    def capture(batch: int) -> str:
        # Without warm-ups, which would meet the limit first.
        before, cuda_graph._WARM_UPS = cuda_graph._WARM_UPS, 0
        try:
            return train(batch, graphs)
        finally:
            cuda_graph._WARM_UPS = before

    def evaluate(batch: int) -> None:
        evaluate_robustness(place.build(small()), images, [PGD(EPSILON, 2)], 0, batch)

    cases: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "training": (lambda: train(4096, {}), lambda: train(64, {})),
        "evaluation": (lambda: evaluate(4096), lambda: evaluate(64)),
        "warm-up of a graph": (lambda: train(4096, graphs), lambda: train(64, graphs)),
        "capture": (lambda: capture(4096), lambda: train(64, graphs)),
        "capture of a network that reads a number": (lambda: train(64, graphs, True), lambda: train(64, graphs)),
        "training after all that": (lambda: train(4096, {}), lambda: evaluate(64)),
    }
    found = {}
    for name, (large, little) in cases.items():
        row: dict[str, Any] = {}
        try:
            row["result"] = large()
        except Exception as error:
            row |= {"raised": words(error), "is out of memory": is_memory(error)}
            row["context"] = None if error.__context__ is None else words(error.__context__)
        release()
        row["stream is the default one"] = torch.cuda.current_stream() == torch.cuda.default_stream()
        row["reserved MiB"] = torch.cuda.memory_reserved() // 2**20
        try:
            row["a small batch after it"] = little() or "runs"
        except Exception as error:
            row["a small batch after it"] = words(error)
        release()
        found[name] = row
    return found
