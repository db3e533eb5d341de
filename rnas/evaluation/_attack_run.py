"""Run attacks in sequence; an interrupted run can be resumed."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn

from rnas.attacks._check_perturbation import check_perturbation
from rnas.attacks.attack import Attack
from rnas.attacks.autoattack_ensembles import Ensemble
from rnas.attacks.losses import misclassified
from rnas.attacks.pgd import PGD
from rnas.attacks.state import attacking
from rnas.data.dataset import Split
from rnas.evaluation._evaluation_state import EvaluationState, StepState
from rnas.evaluation._image_flags import pack, unpack
from rnas.evaluation._observed_network import ObservedAttack, ObservedNetwork
from rnas.evaluation.robustness import attack_seed
from rnas.evaluation.threats import Threat
from rnas.training._graphed_attack import capture_of

Attempt = Callable[[Tensor, Tensor, Tensor, int], Tensor]
"""Attack on a network: a function of images, labels, ids and a seed."""


@dataclass(frozen=True)
class PlannedAttack:
    """Hold an attack that the user asked for.

    Attributes:
        name: name of the attack.
        threat: threat whose ball the attack searches.
        attack: the attack, in that ball.
    """

    name: str
    threat: Threat
    attack: Attack

    def steps(self, classes: int) -> tuple[tuple[str, Attack], ...]:
        """Return the attacks that it consists of; each runs on the images that withstand the ones before."""
        return self.attack.fitting(classes) if isinstance(self.attack, Ensemble) else ((self.name, self.attack),)


@dataclass(frozen=True)
class StepResult:
    """Hold the result of one attack.

    Attributes:
        name: name of the attack.
        attack: the attack.
        attacked: (n,) bool, the images that it ran on.
        broken: (n,) bool, the attacked images that it made the network misclassify.
        state: passes and seconds.
    """

    name: str
    attack: Attack
    attacked: Tensor
    broken: Tensor
    state: StepState


@dataclass(frozen=True)
class Progress:
    """Describe the progress of an attack.

    Attributes:
        attack: name of the attack, with the names of its ensemble and threat.
        number: number of the attack, from 1.
        attacks: number of all attacks.
        images: number of images to attack.
        done: number of images attacked so far.
        kept: number of images attacked before an interruption.
        broken: number of images broken so far.
        right: number of all images that withstand this attack so far and the attacks before it in its ensemble.
    """

    attack: str
    number: int
    attacks: int
    images: int
    done: int
    kept: int
    broken: int
    right: int

    @classmethod
    def of(cls, attack: str, number: int, attacks: int, step: StepResult, kept: int) -> "Progress":
        """Return the progress of a step."""
        images, broken = int(step.attacked.sum()), int(step.broken.sum())
        return cls(attack, number, attacks, images, step.state.done, kept, broken, images - broken)

    @property
    def share(self) -> float:
        """Return the share in [0, 1] of all attacks that is done, as if each took the same time."""
        return (self.number - 1 + self.done / max(self.images, 1)) / self.attacks


@dataclass(frozen=True)
class AttackResult:
    """Hold the result of a planned attack.

    Attributes:
        planned: the attack.
        steps: results of the attacks that it consists of, in their order.
        right: (n,) bool, images that are classified correctly, both clean and under all of its attacks.
    """

    planned: PlannedAttack
    steps: tuple[StepResult, ...]
    right: Tensor


@dataclass(frozen=True)
class AttackRun:
    """Hold all results on the images of a split, in their order, on the CPU.

    Attributes:
        clean: (n,) bool, whether the clean image is classified correctly; logits that are not finite are wrong.
        attacks: result of each planned attack.
    """

    clean: Tensor
    attacks: tuple[AttackResult, ...]


def run_attacks(
    model: nn.Module,
    split: Split,
    plan: Sequence[PlannedAttack],
    classes: int,
    seed: int,
    batch_size: int,
    state: EvaluationState,
    listener: Callable[[Progress], None] = lambda progress: None,
    graphs: bool = False,
) -> AttackRun:
    """Run each planned attack on all images that are classified correctly.

    Each attack of an ensemble runs only on images that withstood the attacks before it; these fill its batches. Results
    are saved after every batch. If a run is stopped, the saved state lets it finish with the same result as a run that
    was not stopped. Attacks whose noise is a function of (seed, id) give the same result in any batch, so nothing
    depends on which other attacks are run.

    Args:
        model: network on the device of the split; it is left unchanged.
        split: images to attack.
        plan: the attacks; no two have the same name and threat.
        classes: number of classes.
        seed: seed of the attacks' noise.
        batch_size: images per batch.
        state: results so far.
        listener: function that is called before and after every batch.
        graphs: whether a GPU runs PGD as CUDA graphs; the network must do the same in every pass.

    Raises:
        InputError: an attack left its ball.
    """
    network = ObservedNetwork(model)
    clean = _clean(network, split, batch_size, state)
    several = len({planned.threat.name for planned in plan}) > 1
    count, number = sum(len(planned.steps(classes)) for planned in plan), 0
    results = []
    for planned in plan:
        right, done = clean, []
        for name, attack in planned.steps(classes):
            number += 1
            words = (planned.threat.name if several else "", "" if name == planned.name else planned.name, name)
            label = " ".join(word for word in words if word)
            step = StepResult(name, attack, right, torch.zeros_like(right), StepState(done=0, broken=""))
            key = f"{planned.threat.name} {planned.name} {name}"
            known = state.step(key)
            kept = 0 if known is None else known.done
            for after in _batches(network, split, step, key, attack_seed(seed), batch_size, state, graphs):
                step = after
                listener(Progress.of(label, number, count, step, kept))
            right = right & ~step.broken
            done.append(step)
        results.append(AttackResult(planned, tuple(done), right))
    return AttackRun(clean, tuple(results))


def _clean(network: ObservedNetwork, split: Split, batch_size: int, state: EvaluationState) -> Tensor:
    if state.clean is not None:
        return unpack(state.clean, len(split))
    wrong = []
    for start in range(0, len(split), batch_size):
        rows = slice(start, start + batch_size)
        wrong.append(_wrong(network, _images(split, rows), split.labels[rows]).cpu())
    clean = ~torch.cat(wrong)
    state.keep_clean(pack(clean))
    return clean


def _batches(
    network: ObservedNetwork,
    split: Split,
    step: StepResult,
    key: str,
    seed: int,
    batch_size: int,
    state: EvaluationState,
    graphs: bool,
) -> Iterator[StepResult]:
    """Yield the step as it was saved, and after each batch."""
    known = state.step(key)
    if known is not None:
        step = replace(step, broken=unpack(known.broken, len(split)), state=known)
    yield step
    left = step.attacked.nonzero().squeeze(1)[step.state.done :]
    attack: Attempt = partial(step.attack, network)
    capture = capture_of(step.attack, split.pixels.device, len(left) // batch_size) if graphs else None
    if capture is not None and isinstance(step.attack, PGD):
        attack = ObservedAttack(step.attack, network, capture)
    for rows in torch.split(left, batch_size):
        if not len(rows):
            break
        step = _attacked(network, attack, split, step, rows, seed)
        state.keep_step(key, step.state)
        yield step


def _attacked(
    network: ObservedNetwork, attack: Attempt, split: Split, step: StepResult, rows: Tensor, seed: int
) -> StepResult:
    """Return the step after one more batch, of the images at some rows."""
    network.reset()
    started = time.perf_counter()
    there = rows.to(split.labels.device)
    images, labels = _images(split, there), split.labels[there]
    adversarial = check_perturbation(step.attack, images, attack(images, labels, split.ids[there], seed))
    broken = step.broken.clone()
    broken[rows] = _wrong(network, adversarial, labels).cpu()
    before = step.state
    return replace(
        step,
        broken=broken,
        state=StepState(
            done=before.done + len(rows),
            broken=pack(broken),
            seconds=before.seconds + time.perf_counter() - started,
            forward_passes=before.forward_passes + network.forward_passes,
            backward_passes=before.backward_passes + network.backward_passes,
            zero_gradients=before.zero_gradients + network.zero_gradients,
        ),
    )


def _images(split: Split, rows: Tensor | slice) -> Tensor:
    return split.images(rows).contiguous(memory_format=torch.channels_last)


def _wrong(network: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    with attacking(network), torch.no_grad():
        return misclassified(network(images.contiguous(memory_format=torch.channels_last)), labels)
