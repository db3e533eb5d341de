"""Run the attacks of AutoAttack with pyautoattack (Croce and Hein, ICML 2020; for l1 Croce and Hein, ICML 2021).

The library draws its noise for a whole batch. Here the starts of APGD are a function of seed and id, FAB draws no
noise, and Square draws the same noise for every image. The result for an image therefore does not depend on the batch.
"""

import hashlib
import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal

import torch
from pyautoattack.autopgd_base import APGDAttack, APGDAttack_targeted, L1_projection
from pyautoattack.fab_pt import FABAttack_PT
from pyautoattack.square import SquareAttack
from torch import Tensor, nn

from rnas.attacks._autoattack_network import AttackedNetwork
from rnas.attacks.attack import Norm
from rnas.attacks.family import AttackFamily
from rnas.attacks.state import attacking
from rnas.errors import InputError
from rnas.utils.counter_noise import normal, uniform

_NORMS: dict[Norm, str] = {"linf": "Linf", "l2": "L2", "l1": "L1"}
_STEPS = 100
_RESTARTS_IN_L1 = 5
# In the l1 ball APGD begins with larger balls: these are their radii and the share of the steps in each.
_SCHEDULE_IN_L1 = ((3, 30), (2, 30), (1, 40))
_MOST_TARGETS = 9
_QUERIES = 5000
_WAITED_FOR = {"cuda"}
"""Types of devices for which reading a number means to wait."""
_SILENT = logging.Logger("pyautoattack")
_SILENT.addHandler(logging.NullHandler())


@dataclass(frozen=True)
class AutoAttackComponent(ABC):
    """Define what the attacks of AutoAttack have in common.

    Attributes:
        epsilon: radius of the ball, an exact fraction, for pixels in [0, 1].
        norm: norm of the ball.
    """

    epsilon: Fraction
    norm: Norm = "linf"

    _remember: ClassVar[bool] = False

    @property
    @abstractmethod
    def name(self) -> str:
        """Return the name of the attack."""

    @property
    def least_classes(self) -> int:
        """Return the least number of classes for which the loss of the attack exists."""
        return 2

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
        """Return adversarial images (see :class:`rnas.attacks.Attack`).

        Raises:
            InputError: the network has too few classes for the attack's loss.
        """
        if not self.epsilon:
            return images.clone()
        # The library needs images whose order in memory is that of their dimensions.
        plain = images.detach().contiguous().float()
        with attacking(model), _kept_generators(images.device), torch.no_grad():
            classes = model(images[:1]).shape[1]
            if classes < self.least_classes:
                raise InputError(
                    f"{self.name} needs {self.least_classes} classes for its loss, but the network has {classes}: "
                    "remove it, or use apgd-ce, fab-t and square"
                )
            found = self._found(model, images, plain, labels, ids, seed, classes)
        found = found.to(images.dtype).clamp_(0, 1)
        usable = found.flatten(1).isfinite().all(dim=1)
        return torch.where(usable[:, None, None, None], found, images)

    def _found(
        self, model: nn.Module, images: Tensor, plain: Tensor, labels: Tensor, ids: Tensor, seed: int, classes: int
    ) -> Tensor:
        """Search, on a GPU first as if all logits were finite, and once more with care if they were not."""
        if images.device.type in _WAITED_FOR:
            network = AttackedNetwork(model, images, self._remember, trust=True)
            try:
                found = self._search(network, plain, labels, ids, seed, classes)
            except Exception:  # Whatever the library does with a number that is none.
                if network.was_right():
                    raise
            else:
                if network.was_right():
                    return found
        return self._search(AttackedNetwork(model, images, self._remember), plain, labels, ids, seed, classes)

    @abstractmethod
    def _search(
        self, network: AttackedNetwork, images: Tensor, labels: Tensor, ids: Tensor, seed: int, classes: int
    ) -> Tensor:
        """Return adversarial images of contiguous float32 images, for a network with this number of classes."""


class _APGD(AutoAttackComponent):
    """Run APGD several times, each time on the images that withstood the runs before."""

    _stream: ClassVar[str]

    @abstractmethod
    def _runs(self, classes: int) -> Sequence[int]:
        """Return the numbers of the runs; the noise of a run depends on its number."""

    @abstractmethod
    def _library(self, network: AttackedNetwork, device: torch.device) -> APGDAttack:
        """Return the library's attack for one run."""

    def _search(
        self, network: AttackedNetwork, images: Tensor, labels: Tensor, ids: Tensor, seed: int, classes: int
    ) -> Tensor:
        attack = self._library(network, images.device)
        attack.init_hyperparam(images)
        logits = network(images)
        ranking = logits.argsort(dim=1).flip(1)
        right = logits.argmax(dim=1) == labels
        found = images.clone()
        # The library's own loop over runs always begins with the first run and draws its starts for the whole batch.
        for run in self._runs(classes):
            rows = right.nonzero().squeeze(1)
            if not len(rows):
                break
            if isinstance(attack, APGDAttack_targeted):
                attack.y_target = ranking[rows, run]
            start = self._start(images[rows], ids[rows], _stream(f"{self._stream} {run}", seed))
            withstood, attacked = self._run(attack, images[rows], labels[rows], start)
            right[rows] = withstood
            found[rows] = torch.where(withstood[:, None, None, None], found[rows], attacked)
        return found

    def _start(self, images: Tensor, ids: Tensor, seed: int) -> Tensor:
        """Return the starting points of a run; in the l1 ball the run itself projects them."""
        draw = uniform if self.norm == "linf" else normal
        noise = draw(seed, ids, tuple(images.shape[1:]))
        if self.norm == "l1":
            return images + noise
        length = torch.linalg.vector_norm(noise.flatten(1), torch.inf if self.norm == "linf" else 2, dim=1)
        start: Tensor = images + float(self.epsilon) * noise / (length[:, None, None, None] + 1e-12)
        return start

    def _run(self, attack: APGDAttack, images: Tensor, labels: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
        """Return which images withstood the attack, and the adversarial images of the others."""
        schedule = _SCHEDULE_IN_L1 if self.norm == "l1" else ((1, _STEPS),)
        for times, steps in schedule:
            attack.eps, attack.n_iter = times * float(self.epsilon), steps
            if self.norm == "l1":
                start = start + L1_projection(images, start - images, attack.eps)
            start, withstood, _, attacked = attack.attack_single_run(images, labels, x_init=start)
        return withstood.bool(), attacked


@dataclass(frozen=True)
class APGD(_APGD):
    """Run APGD with 100 steps on the cross-entropy or the difference of logits ratio; in the l1 ball with 5 restarts.

    Attributes:
        loss: the loss that the attack maximises.
    """

    loss: Literal["ce", "dlr"] = "ce"

    @property
    def name(self) -> str:
        """Return ``apgd-ce`` or ``apgd-dlr``."""
        return f"apgd-{self.loss}"

    @property
    def least_classes(self) -> int:
        """Return 3 for the ratio, whose denominator subtracts the third logit from the first, else 2."""
        return 3 if self.loss == "dlr" else 2

    @property
    def _stream(self) -> str:  # type: ignore[override]
        return self.name

    def _runs(self, classes: int) -> Sequence[int]:
        return range(_RESTARTS_IN_L1 if self.norm == "l1" else 1)

    def _library(self, network: AttackedNetwork, device: torch.device) -> APGDAttack:
        return APGDAttack(
            network,
            n_iter=_STEPS,
            norm=_NORMS[self.norm],
            eps=float(self.epsilon),
            loss=self.loss,
            device=device,
            logger=_SILENT,
        )


@dataclass(frozen=True)
class TargetedAPGD(_APGD):
    """Run APGD with 100 steps on the targeted difference of logits ratio, with one target class after another.

    Attributes:
        targets: number of target classes, from the greatest logit down; at most all classes except the label.
        first: rank of the first target among the wrong classes, counted from 1.
    """

    targets: int = _MOST_TARGETS
    first: int = 1

    _stream: ClassVar[str] = "apgd-t"

    @property
    def name(self) -> str:
        """Return ``apgd-t``, ``apgd-tN`` for N targets, or ``apgd-tA-B`` for the targets of ranks A to B."""
        if self.first > 1:
            return f"apgd-t{self.first}-{self.first + self.targets - 1}"
        return "apgd-t" if self.targets == standard_targets(self.norm) else f"apgd-t{self.targets}"

    @property
    def least_classes(self) -> int:
        """Return 4: the denominator of the ratio uses the fourth logit."""
        return 4

    def _runs(self, classes: int) -> Sequence[int]:
        return range(self.first, min(self.first + self.targets, classes))

    def _library(self, network: AttackedNetwork, device: torch.device) -> APGDAttack:
        return APGDAttack_targeted(
            network, n_iter=_STEPS, norm=_NORMS[self.norm], eps=float(self.epsilon), device=device, logger=_SILENT
        )


@dataclass(frozen=True)
class TargetedFAB(AutoAttackComponent):
    """Run FAB with 100 steps (Croce and Hein, ICML 2020) to the boundary with one class after another, without noise.

    Attributes:
        targets: number of target classes, from the greatest logit down; at most all classes except the label.
    """

    targets: int = _MOST_TARGETS

    _remember: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """Return ``fab-t``, or ``fab-tN`` for N targets."""
        return "fab-t" if self.targets == _MOST_TARGETS else f"fab-t{self.targets}"

    def _search(
        self, network: AttackedNetwork, images: Tensor, labels: Tensor, ids: Tensor, seed: int, classes: int
    ) -> Tensor:
        attack = FABAttack_PT(
            network,
            norm=_NORMS[self.norm],
            n_iter=_STEPS,
            eps=float(self.epsilon),
            targeted=True,
            device=images.device,
            n_target_classes=min(self.targets, classes - 1),
        )
        found: Tensor = attack.perturb(images, labels)
        return found


_LEAST_SIDE = 5
"""Tiles along a side of an image with which the Square attack starts in the l1 and the l2 ball."""


@dataclass(frozen=True)
class Square(AutoAttackComponent):
    """Run the Square attack (Andriushchenko et al., ECCV 2020), a random search without gradients.

    Attributes:
        queries: largest number of changes that are tried for an image.
        skip_unchanged: do not query the network where a change leaves the image the same. This does not alter results.
    """

    queries: int = _QUERIES
    skip_unchanged: bool = False

    @property
    def name(self) -> str:
        """Return ``square``, or ``squareN`` for N queries."""
        return "square" if self.queries == _QUERIES else f"square{self.queries}"

    def _search(
        self, network: AttackedNetwork, images: Tensor, labels: Tensor, ids: Tensor, seed: int, classes: int
    ) -> Tensor:
        if self.norm != "linf" and min(images.shape[2:]) < _LEAST_SIDE:
            raise InputError(f"{self.name} in the {self.norm} ball needs images of {_LEAST_SIDE}x{_LEAST_SIDE} or more")
        kind = _SkippingSquare if self.skip_unchanged else _SquareOfOneDraw
        attack = kind(
            network,
            norm=_NORMS[self.norm],
            n_queries=self.queries,
            eps=float(self.epsilon),
            seed=_stream("square", seed),
            device=images.device,
            resc_schedule=False,
        )
        found: Tensor = attack.perturb(images, labels)
        return found


class _SquareOfOneDraw(SquareAttack):  # type: ignore[misc]
    """Draw signs once for all images, as the library does already for the places of the squares.

    All numbers are the library's own; places and margins are found without waiting for a GPU.
    """

    def random_choice(self, shape: Sequence[int]) -> Tensor:
        """Draw signs of a shape; for a shape (n, C, H, W), the same signs for all n."""
        drawn: Tensor = super().random_choice([1, *shape[1:]] if len(shape) == 4 else shape)
        return drawn.expand(*shape)

    def random_int(self, low: int = 0, high: int = 1, shape: Sequence[int] = (1,)) -> int:
        """Draw an integer in [low, high), or low where the two are equal."""
        drawn: list[float] = (low + (high - low) * torch.rand(shape)).tolist()
        return int(drawn[0])

    def margin_and_loss(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return the margin (n,) of images (n, C, H, W), once as the margin and once as the loss."""
        logits: Tensor = self.predict(x)
        label = y[:, None]
        margin = logits.gather(1, label).squeeze(1) - logits.scatter(1, label, -torch.inf).amax(dim=1)
        # The library takes a margin of 0 for misclassified, and fails where all margins are exactly 0 at the start.
        margin = margin.masked_fill(margin == 0, -torch.finfo(margin.dtype).tiny)
        return margin, margin.clone()


class _SkippingSquare(_SquareOfOneDraw):
    """Skip every change that leaves an image the same.

    In the l-infinity ball the pixels of a square have one of two values, and late squares are small. On grey images
    about every second square changes nothing. The margin of such an image is known without a query.
    """

    def attack_single_run(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Run the attack once on images (n, C, H, W) with labels (n,)."""
        self._best: tuple[Tensor, Tensor] | None = None
        result: tuple[Tensor, Tensor] = super().attack_single_run(x, y)
        return result

    def margin_and_loss(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return the margins of the images that are still classified correctly; the library changes its inputs."""
        if self._best is None:
            margin, loss = super().margin_and_loss(x, y)
            self._best = x.clone(), margin.clone()
            return margin, loss
        best, least = self._best
        right = (least > 0).nonzero().squeeze(1)
        best, least = best[right], least[right]
        changed = (x != best).flatten(1).any(dim=1).nonzero().squeeze(1)
        margin = least.clone()
        if len(changed):
            margin[changed] = super().margin_and_loss(x[changed], y[changed])[0]
        lower = margin < least
        self._best = torch.where(lower[:, None, None, None], x, best), torch.where(lower, margin, least)
        return margin, margin.clone()


def standard_targets(norm: Norm) -> int:
    """Return the number of target classes of APGD-T in the standard AutoAttack of a norm."""
    return 5 if norm == "l1" else _MOST_TARGETS


def _parse(name: str, epsilon: Fraction, norm: Norm) -> AutoAttackComponent | None:
    if name in ("apgd-ce", "apgd-dlr"):
        return APGD(epsilon, norm, "ce" if name == "apgd-ce" else "dlr")
    if name == "fab-t":
        return TargetedFAB(epsilon, norm)
    match = re.fullmatch(r"(apgd-t|square)([1-9]\d{0,5})?", name, re.ASCII)
    if match is None:
        return None
    if match[1] == "square":
        return Square(epsilon, norm, int(match[2] or _QUERIES))
    return TargetedAPGD(epsilon, norm, int(match[2] or standard_targets(norm)))


def _stream(name: str, seed: int) -> int:
    """Return a different seed for each attack and run, so that no two of them share a starting point."""
    return int.from_bytes(hashlib.sha256(f"{name} {seed}".encode()).digest()[:7], "big")


@contextmanager
def _kept_generators(device: torch.device) -> Iterator[None]:
    """Restore torch's random generators at the end. The library seeds all of them."""
    devices = range(torch.cuda.device_count()) if device.type == "cuda" else ()
    with torch.random.fork_rng(devices=list(devices)):
        yield


FAMILY = AttackFamily(
    name="autoattack-components",
    forms="apgd-ce, apgd-dlr, apgd-t, apgd-tN with N targets such as apgd-t3, fab-t, square, squareN with N queries",
    norms=("linf", "l2", "l1"),
    parse=_parse,
)
