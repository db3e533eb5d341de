"""Find signs that a robust accuracy is higher than the network's robustness, one check per file."""

from collections.abc import Callable, Sequence

from torch import Tensor

from rnas.attacks.autoattack import Square
from rnas.attacks.autoattack_ensembles import Ensemble
from rnas.evaluation._attack_run import AttackRun
from rnas.evaluation.flags import _attack_gap as attack_gap
from rnas.evaluation.flags import _black_box as black_box
from rnas.evaluation.flags import _constant_prediction as constant_prediction
from rnas.evaluation.flags import _finite_differences as finite_differences
from rnas.evaluation.flags import _hidden_optimization as hidden_optimization
from rnas.evaluation.flags import _large_radius as large_radius
from rnas.evaluation.flags import _logit_scale as logit_scale
from rnas.evaluation.flags import _non_finite as non_finite
from rnas.evaluation.flags import _probabilities as probabilities
from rnas.evaluation.flags import _randomized as randomized
from rnas.evaluation.flags import _zero_gradient as zero_gradient
from rnas.evaluation.flags._probe import Probe
from rnas.evaluation.flags.flag import Flag
from rnas.evaluation.threats import Threat, robust_to_all

CHECKS: dict[str, Callable[[Probe], Flag | None]] = {
    "non-finite-logits": non_finite.check,
    "constant-prediction": constant_prediction.check,
    "randomized": randomized.check,
    "probabilities": probabilities.check,
    "hidden-optimization": hidden_optimization.check,
    "zero-gradient-cross-entropy": zero_gradient.check_cross_entropy,
    "zero-gradient-margin": zero_gradient.check_margin,
    "finite-differences": finite_differences.check,
    "logit-scale": logit_scale.check,
    "attack-gap": attack_gap.check,
    "black-box": black_box.check,
    "large-radius": large_radius.check,
}
"""The checks on a network, by the name of the flag that they may return."""


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
            flags.append(attack_gap.gap(pgd, result.right))
        squares = (step for step in result.steps if isinstance(step.attack, Square))
        flags.extend(black_box.beyond_gradients(step.broken) for step in squares)
    return [flag for flag in flags if flag is not None]


def _robust_to_pgd(run: AttackRun, threat: Threat) -> Tensor | None:
    """Return the images (n,) that withstand PGD-20 on both losses in a threat's ball; None if one was not run."""
    right = {result.planned.name: result.right for result in run.attacks if result.planned.threat == threat}
    flags = [right[name] for name in attack_gap.PGD_NAMES if name in right]
    return robust_to_all(flags) if len(flags) == len(attack_gap.PGD_NAMES) else None
