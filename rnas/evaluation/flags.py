"""Find signs that a robust accuracy is higher than the network's robustness."""

import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import isqrt
from types import CodeType, FrameType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnas.attacks.autoattack import Square
from rnas.attacks.autoattack_ensembles import Ensemble
from rnas.attacks.gradient import input_gradient, zero_gradient_share
from rnas.attacks.losses import margin
from rnas.attacks.named import named_attack
from rnas.attacks.names import LossName
from rnas.attacks.pgd import PGD
from rnas.attacks.state import attacking
from rnas.attacks.transfer import Transfer
from rnas.evaluation._attack_run import AttackRun
from rnas.evaluation._probe import Probe
from rnas.evaluation.evaluation_result import Flag
from rnas.evaluation.threats import Threat, robust_to_all
from rnas.statistics.proportions import proportion
from rnas.utils.counter_noise import uniform

PGD_NAMES = ("pgd20", "pgd20-margin")
"""The attacks with which AutoAttack is compared."""

_LEAST_IMAGES = 10
_GRADIENTS: tuple[CodeType, ...] = (torch.autograd.grad.__code__, torch.autograd.backward.__code__)
_STEP = 1e-3
_DIRECTIONS = 8
_ALONE = 8
_SMALL_GAP = 0.1
_LARGEST_SCALE = 1e5
_QUERIES = "square200"
_LOW = "The value is the lower end of the 95 % interval"


def checked(probe: Probe) -> Sequence[Flag]:
    """Return what the checks find on a network; the result is empty if its gradients guide attacks well."""
    found = (check(probe) for check in CHECKS.values())
    return [flag for flag in found if flag is not None]


def found_by_attacks(run: AttackRun) -> Sequence[Flag]:
    """Return what the attacks of an evaluation show by themselves, on all of its images."""
    flags: list[Flag | None] = []
    for result in run.attacks:
        if not isinstance(result.planned.attack, Ensemble):
            continue
        pgd = _robust_to_pgd(run, result.planned.threat)
        if pgd is not None and result.planned.threat.norm != "l1":
            flags.append(gap(pgd, result.right))
        squares = (step for step in result.steps if isinstance(step.attack, Square))
        flags.extend(beyond_gradients(step.broken) for step in squares)
    return [flag for flag in flags if flag is not None]


def _robust_to_pgd(run: AttackRun, threat: Threat) -> Tensor | None:
    """Return the images (n,) that withstand PGD-20 on both losses in a threat's ball; None if one was not run."""
    right = {result.planned.name: result.right for result in run.attacks if result.planned.threat == threat}
    flags = [right[name] for name in PGD_NAMES if name in right]
    return robust_to_all(flags) if len(flags) == len(PGD_NAMES) else None


def _flag(name: str, value: float, threshold: float, explanation: str) -> Flag | None:
    """Return a flag, unless the value is at most the threshold."""
    if value <= threshold:
        return None
    return Flag(name=name, explanation=explanation, value=value, threshold=threshold)


def non_finite(probe: Probe) -> Flag | None:
    """Check whether any image, clean or after one step of PGD, has logits that are not finite."""
    rows = torch.arange(len(probe.images), device=probe.images.device)
    stepped = probe.attacked(PGD(probe.epsilon, 1, norm=probe.norm), rows)
    finite = [probe.logits(images).isfinite().all(dim=1) for images in (probe.images, stepped)]
    share = 1 - (finite[0] & finite[1]).double().mean().item()
    return _flag(
        "non-finite-logits",
        share,
        0.0,
        f"{share:.0%} of images, clean or after one step of PGD, have logits that are NaN or infinite. They count as "
        "broken here; other software may call them right, because it uses argmax.",
    )


def constant_prediction(probe: Probe) -> Flag | None:
    """Check whether nearly all images get one class, although they belong to several."""
    labels = probe.labels
    if len(labels) < _LEAST_IMAGES or bool((labels == labels[0]).all()):
        return None
    logits = probe.logits(probe.images)
    share = logits.argmax(1).bincount(minlength=logits.shape[1]).max().item() / len(labels)
    return _flag(
        "constant-prediction",
        share,
        0.99,
        f"The network gives {share:.0%} of the images one class. No attack changes that answer, and it is right for "
        "the images of that class: its accuracy under attack means nothing.",
    )


def randomized(probe: Probe) -> Flag | None:
    """Check whether the logits of two runs differ in direction by more than rounding (Croce and Hein, 2021)."""
    first, second = (F.normalize(probe.logits(probe.images).nan_to_num(0, 0, 0), dim=1) for _ in range(2))
    return _flag(
        "randomized",
        torch.linalg.vector_norm(first - second, dim=1).max().item(),
        1e-4,
        "The network gives the same images different logits each time. Attacks follow the gradient of one draw: "
        "average gradients over many draws, and classify many times.",
    )


def batch_dependence(probe: Probe) -> Flag | None:
    """Check whether the logits of an image differ in direction with the other images of the batch."""
    images = probe.images[:_ALONE]
    batch = torch.cat([images, 1 - images])
    together, again = (F.normalize(_finite(probe.logits(batch)[: len(images)]), dim=1) for _ in range(2))
    alone = F.normalize(_finite(torch.cat([probe.logits(image) for image in torch.split(images, 1)])), dim=1)
    # What is random differs anyway, and another check finds it.
    difference = torch.linalg.vector_norm(together - alone, dim=1) - torch.linalg.vector_norm(together - again, dim=1)
    return _flag(
        "batch-dependence",
        difference.max().item(),
        0.01,
        "The class that the network gives to an image depends on the other images in the batch, and so on the order "
        "and size of batches. Images that are attacked one by one withstand less or more: put its normalisation into "
        "eval mode.",
    )


def _finite(logits: Tensor) -> Tensor:
    return logits.nan_to_num(0, 0, 0)


def probabilities(probe: Probe) -> Flag | None:
    """Check whether the outputs for most images lie in [0, 1] and sum to 1, except for rounding."""
    outputs = probe.logits(probe.images)
    inside = ((outputs >= -1e-4) & (outputs <= 1 + 1e-4)).all(dim=1)
    share = (inside & ((outputs.sum(dim=1) - 1).abs() <= 1e-4)).double().mean().item()
    return _flag(
        "probabilities",
        share,
        0.5,
        f"For {share:.0%} of images the outputs are probabilities. Attacks need logits: a cross-entropy takes the "
        "softmax again, and has almost no gradient for confident images. Remove the last softmax.",
    )


def hidden_optimization(probe: Probe) -> Flag | None:
    """Check whether the network asks torch for a gradient while it classifies (Croce et al., ICML 2022)."""
    calls = 0

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        if event == "call" and frame.f_code in _GRADIENTS:
            calls += 1

    # The profiler's hook is used because coverage and debuggers use the tracer's.
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        probe.logits(probe.images[:1])
    finally:
        sys.setprofile(before)
    return _flag(
        "hidden-optimization",
        calls,
        0,
        "The network computes gradients while it classifies: it optimises for each image. Attacks cannot "
        "differentiate through that; evaluate with attacks made for this defence.",
    )


def zero_gradient_cross_entropy(probe: Probe) -> Flag | None:
    """Check whether the gradient of the cross-entropy is zero for many images."""
    return _zero_gradient(
        probe, "cross-entropy", "saturated by large logits or masked: attacks on the cross-entropy do not move"
    )


def zero_gradient_margin(probe: Probe) -> Flag | None:
    """Check whether the gradient of the margin of the logits is zero for many images."""
    return _zero_gradient(probe, "margin", "masked: gradient attacks do not move")


def _zero_gradient(probe: Probe, loss: LossName, meaning: str) -> Flag | None:
    right = probe.right
    if not right.any():
        return None
    share = zero_gradient_share(probe.model, probe.images[right], probe.labels[right], loss)
    return _flag(
        f"zero-gradient-{loss}",
        share,
        0.05,
        f"For {share:.0%} of the images that are classified correctly the gradient of the {loss} is zero in every "
        f"pixel, {meaning} (Athalye et al., ICML 2018).",
    )


def finite_differences(probe: Probe) -> Flag | None:
    """Check whether changes of the margin, by 1/1000 of the pixel range in random directions, differ from the gradient.

    The error is relative to the greater of both changes, over all images and directions. It is 0 if they agree, 1 if
    the gradient gives no information, and at most 2. It was at most 0.15 for sound networks, and 0.5 and above for
    thresholds like those of MeanSparse (Amini et al., 2024).
    """
    rows = probe.right.nonzero().squeeze(1)
    images, labels = probe.images[rows], probe.labels[rows]
    foreseen, seen = [], []
    with attacking(probe.model):
        batches = zip(torch.split(images, probe.batch_size), torch.split(labels, probe.batch_size), strict=True)
        gradient = torch.cat(
            [input_gradient(lambda points, y=y: margin(probe.model(points), y), x) for x, y in batches]  # type: ignore[misc]
        )
    for number in range(_DIRECTIONS):
        direction = uniform(probe.seed + number, probe.ids[rows], tuple(images.shape[1:])).sign() * _STEP
        foreseen.append((gradient * direction).flatten(1).sum(dim=1))
        there, back = (margin(probe.logits(images + sign * direction), labels) for sign in (1, -1))
        seen.append((there - back) / 2)
    predicted, actual = torch.stack(foreseen).double(), torch.stack(seen).double()
    usable = predicted.isfinite() & actual.isfinite()
    predicted, actual = predicted[usable], actual[usable]
    scale = max(predicted.norm().item(), actual.norm().item())
    error = (predicted - actual).norm().item() / scale if scale else 0.0
    return _flag(
        "finite-differences",
        error,
        0.4,
        f"A change of pixels by {_STEP} changes the margin differently from the gradient, by {error:.0%} of the "
        "change. A layer rounds, clips or draws at random: attack it with an approximation of its gradient (BPDA; "
        "Athalye et al., ICML 2018).",
    )


def logit_scale(probe: Probe) -> Flag | None:
    """Check whether PGD-20 on the cross-entropy breaks more images if the median margin divides extreme logits.

    Margins near the rounding of a softmax are a sign by themselves.
    """
    right = probe.right
    greatest = probe.logits(probe.images[right]).topk(2, dim=1).values
    if not len(greatest):
        return None
    gaps = (greatest[:, 0] - greatest[:, 1]).median().item()
    if _SMALL_GAP <= gaps <= 1 or not gaps > 0:
        return None
    if gaps < 1 / _LARGEST_SCALE:
        return _flag(
            "logit-scale",
            1 / gaps,
            _LARGEST_SCALE,
            f"The median margin of the logits is {gaps:.1g}: rounding gives all classes the same probability, and "
            "attacks on the cross-entropy see no difference between them. Divide the logits by this margin first.",
        )
    attack = PGD(probe.epsilon, 20, Fraction(1, 10), norm=probe.norm)
    scaled = probe.robust_to_among(Transfer("divided logits", _Divided(probe.model, gaps), attack), right)
    broken = proportion((probe.robust_to(attack) & ~scaled).double().mean().item(), len(right))
    return _flag(
        "logit-scale",
        broken.low,
        0.03,
        f"PGD-20 breaks another {broken.value:.0%} of images when logits are divided by {gaps:.3g}: the scale of the "
        f"logits, not the network, withstands attacks on the cross-entropy. {_LOW}.",
    )


class _Divided(nn.Module):
    def __init__(self, model: nn.Module, divisor: float) -> None:
        super().__init__()
        self._model = model
        self._divisor = divisor

    def forward(self, images: Tensor) -> Tensor:
        return torch.div(self._model(images), self._divisor)


def attack_gap(probe: Probe) -> Flag | None:
    """Check whether AutoAttack's strongest attack breaks far more than PGD-20; skip l1, where it always does."""
    if probe.norm == "l1":
        return None
    return gap(_withstands_pgd(probe, probe.right), probe.robust_to(probe.strong_attack))


def _withstands_pgd(probe: Probe, among: Tensor) -> Tensor:
    for name in PGD_NAMES:
        among = among & probe.robust_to(named_attack(name, probe.epsilon, probe.norm))
    return among


def gap(pgd: Tensor, autoattack: Tensor) -> Flag | None:
    """Return the flag from images (n,) that withstand PGD-20 on both losses, and those that withstand AutoAttack.

    Sound networks with low confidence lose much accuracy from one loss to the other, but few points more than under
    both.
    """
    share = proportion((pgd & ~autoattack).double().mean().item(), len(pgd))
    return _flag(
        "attack-gap",
        share.low,
        0.05,
        f"AutoAttack breaks another {share.value:.0%} of images beyond PGD-20 on the cross-entropy and on the margin. "
        f"{_LOW}. This network misleads PGD, and may mislead stronger attacks too.",
    )


def black_box(probe: Probe) -> Flag | None:
    """Check whether Square breaks images that withstand PGD on both losses and AutoAttack's strongest attack."""
    left = _withstands_pgd(probe, probe.robust_to(probe.strong_attack))
    square = probe.robust_to_among(named_attack(_QUERIES, probe.epsilon, probe.norm), left)
    return beyond_gradients(left & ~square)


def beyond_gradients(broken: Tensor) -> Flag | None:
    """Return the flag from images (n,) that Square broke although they withstood gradient attacks.

    The threshold is AutoAttack's own (Croce and Hein, 2021); here the whole 95 % interval must be above it.
    """
    share = proportion(broken.double().mean().item(), len(broken))
    return _flag(
        "black-box",
        share.low,
        0.002,
        f"Square, which uses no gradient, breaks {share.value:.1%} of images that withstand gradient attacks: the "
        f"gradient is masked (Carlini et al., 2019). {_LOW}.",
    )


def large_radius(probe: Probe) -> Flag | None:
    """Check whether PGD leaves more images correct than one class has, in a ball that contains a plain grey image.

    Half the pixel range is enough to make any image grey, and among equal images at most the largest class is right.
    """
    pixels = probe.images[0].numel()
    radius = {"linf": Fraction(1, 2), "l2": Fraction(isqrt(pixels) + 1, 2), "l1": Fraction(pixels, 2)}[probe.norm]
    attack = PGD(radius, 20, Fraction(1, 10), "margin", norm=probe.norm)
    left = proportion(probe.robust_to(attack).double().mean().item(), len(probe.labels))
    return _flag(
        "large-radius",
        left.low,
        probe.labels.bincount().max().item() / len(probe.labels),
        f"{left.value:.0%} of images withstand PGD in a ball so large that it can make any image plain grey. The "
        f"attack fails, but no real adversary would (Carlini et al., 2019). {_LOW}, the threshold the share of the "
        "largest class.",
    )


CHECKS: dict[str, Callable[[Probe], Flag | None]] = {
    "non-finite-logits": non_finite,
    "constant-prediction": constant_prediction,
    "randomized": randomized,
    "batch-dependence": batch_dependence,
    "probabilities": probabilities,
    "hidden-optimization": hidden_optimization,
    "zero-gradient-cross-entropy": zero_gradient_cross_entropy,
    "zero-gradient-margin": zero_gradient_margin,
    "finite-differences": finite_differences,
    "logit-scale": logit_scale,
    "attack-gap": attack_gap,
    "black-box": black_box,
    "large-radius": large_radius,
}
"""The checks on a network, by the name of the flag that they may return."""
