"""Train one network that is given or named."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rnas.experiment import Listener, given_settings
from rnas.experiments._references import AnyNetwork, resolve_reference
from rnas.experiments.training._resolve import resolve_settings
from rnas.experiments.training.result import TrainingResult
from rnas.experiments.training.training import Training
from rnas.training.recipe import Recipe


def train(
    architecture: AnyNetwork,
    recipe: Recipe | Mapping[str, Any] | str = "sat",
    *,
    data: str | None = None,
    data_dir: Path | str | None = None,
    extra: Path | str | None = None,
    eps: float | str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    images: int | Mapping[str, int] | None = None,
    seed: int = 0,
    split_seed: int | None = None,
    attacks: Sequence[str] | None = None,
    augmentation: Sequence[str] | None = None,
    fidelity: Mapping[str, Any] | None = None,
    evaluation: Mapping[str, Any] | None = None,
    device: str = "auto",
    output: Path | str | None = None,
    listener: Listener | Sequence[Listener] | None = None,
) -> TrainingResult:
    """Train one network by a recipe, and evaluate its best and its last weights.

    Args:
        architecture: an architecture, one of ``rnas.zoo()``, or what :func:`rnas.experiments.resolve` understands.
        recipe: a recipe, its name, or ``{name: NAME, ...}`` with some of its fields set otherwise.
        data: registered name of the data; None is the data of the search that the network comes from, or else CIFAR-10.
        data_dir: folder of the data's files.
        extra: file of further images, for recipes that take a share of every batch from them.
        eps: l-infinity radius of all attacks for pixels in [0, 1], such as ``"8/255"``; None is the search's or the
            data's own.
        epochs: passes over the training images; None is as many as the recipe was published with.
        batch_size: images of one step; None is the recipe's own.
        images: number of images to train on, or sizes of the splits such as ``{"train": 2_000, "val": 200}``; None is
            all that selection and test split leave.
        seed: seed of the weights, of the order of images and of their noise, in [0, 2^31).
        split_seed: divides the data; None is the search's own, or else 0.
        attacks: names of the attacks on the test split; they are names, as a resumed training finds them again by
            these. None is FGSM, and PGD-20 on the cross-entropy and on the margin.
        augmentation: names of augmentations, in order; None is what suits the data.
        fidelity: further fields of :class:`rnas.data.Fidelity`, such as ``{"attack_steps": 3}``.
        evaluation: fields of :class:`rnas.evaluation.EvaluationSettings`: the attack on the
            val split after every epoch.
        device: ``auto``, ``cpu`` or ``cuda``.
        output: directory of the training; None makes ``runs/train-<network>-<recipe>-<n>``.
        listener: learns of progress; there may be several.

    Returns:
        The result, with history, checkpoints and accuracies. A loss that diverges is no error: the status says so.

    Raises:
        InputError: a setting is wrong, data are missing, or the directory exists.
        BatchTooLargeError: memory ran out; the message says which batch would fit.

    Examples:
        >>> import rnas
        >>> from rnas.networks import ResidualNetwork
        >>> network = ResidualNetwork(depths=(1, 1), channels=(4, 8), stem_width=4)
        >>> few = {"train": 64, "val": 16, "search_val": 16, "test": 32}
        >>> training = rnas.train(network, "short-sat", data="digits", epochs=1, images=few, output="runs/example")
        >>> training.best.path.name
        'best.safetensors'
    """
    given = given_settings(locals())
    settings = resolve_settings(resolve_reference(given.pop("architecture")), given)
    return Training.create(settings, output).run(listener)
