"""Measure what a training would take here, before it begins."""

from rnas.attacks.named import named_attack
from rnas.errors import BatchTooLargeError
from rnas.evaluation.robustness import image_seconds
from rnas.experiment import CostEstimate, EstimatedWork
from rnas.experiments.training._evaluation import val_attacks
from rnas.experiments.training._memory import advise
from rnas.experiments.training.setup import Setup
from rnas.training.inner_attack import PGDInner
from rnas.utils._devices import out_of_memory, peak_memory, release
from rnas.utils._threads import one_thread

EPOCH, SELECTION, TEST = "an epoch", "val images after an epoch", "attacks on the best or the last weights"
"""Labels of the work of a training."""

_TIMED_SECONDS = 5.0
_LEAST_IMAGES = 8
_USUAL_STEPS = 20
_GUARD_IMAGES = 500
"""Images on which a recipe that looks for catastrophic overfitting runs PGD-10 after each epoch."""


def estimate_cost(setup: Setup) -> CostEstimate:
    """Time a few training steps and a batch under each attack, and scale them up.

    Raises:
        BatchTooLargeError: memory ran out.
    """
    with one_thread(setup.settings.device):
        in_training = True
        try:
            step = setup.trainer().step_seconds()
            in_training = False
            return _estimate(setup, step)
        except Exception as error:
            if not out_of_memory(error):
                raise
        release()
        advice = advise(setup, in_training)
        raise BatchTooLargeError(f"{advice.fault}: {advice.remedy}")


def _estimate(setup: Setup, step: float) -> CostEstimate:
    settings = setup.settings
    plan = setup.plan()
    # As many images as an attack of usual length gets through in a few seconds, so that slow networks are quick too.
    inner_attack = plan.inner_attack
    passes = inner_attack.steps + 1 if isinstance(inner_attack, PGDInner) else 1
    affordable = int(_TIMED_SECONDS / step * settings.fidelity.batch_size * passes / _USUAL_STEPS)
    batch = min(max(affordable, _LEAST_IMAGES), settings.evaluation.batch_size, len(setup.splits["test"]))
    model = setup.trainer().model
    attacks = [named_attack(name, settings.eps) for name in settings.attacks]
    images = setup.splits["test"].first(batch)
    val = sum(image_seconds(model, images, [attack]) for attack in val_attacks(settings))
    test = sum(image_seconds(model, images, [attack]) for attack in attacks)
    epoch = step * plan.epoch_steps(setup.images)
    if settings.recipe.overfitting_guard:
        # About one of the two attacks of the val split on images of its own.
        epoch += val / 2 * 10 / settings.evaluation.steps * min(_GUARD_IMAGES, setup.images)
    epochs, selected, judged = settings.fidelity.epochs, len(setup.splits["val"]), len(setup.splits["test"])
    details = {"images": setup.images, "batch_size": settings.fidelity.batch_size}
    return CostEstimate(
        (
            EstimatedWork(EPOCH, epochs, epoch, peak_memory(settings.device), details),
            EstimatedWork(SELECTION, epochs, val * selected, None, {"images": selected}),
            EstimatedWork(TEST, 2, test * judged, None, {"images": judged}),
        ),
        (settings.device,),
    )
