"""Define what ``rnas evaluate`` prints and writes: a result that can be compared and joined with others."""

from html import escape
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, NonNegativeInt, PositiveInt

from rnas.utils._json_files import Share
from rnas.utils._tabular import Tabular, notebook_table

CLEAN, WORST_CASE = "clean", "worst case"
"""Names of the accuracies that do not belong to a single attack."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Flag(_Part):
    """Describe a sign that a robust accuracy is higher than the network's robustness.

    Attributes:
        name: name of the flag.
        explanation: what was observed, and why it matters.
        value: measured value.
        threshold: limit above which the value is suspicious.
    """

    name: str
    explanation: str
    value: float
    threshold: float


class MeasuredAccuracy(_Part):
    """Hold a share of the images.

    Attributes:
        correct: number of images that are classified correctly.
        accuracy: their share, in [0, 1].
        low: lower end of the Wilson 95 % interval.
        high: upper end of the interval.
        right: the correct images: a bit for each image, in the order of the ids of the data, eight per byte, the first
            in the highest bit, the last byte filled with zeros, in hexadecimal. The union of attacks or threats, also
            of several results on the same images, is the bitwise AND. See :mod:`rnas.evaluation._image_flags`.
    """

    correct: NonNegativeInt
    accuracy: Share
    low: Share
    high: Share
    right: str


class Cost(_Part):
    """Hold the cost of an attack.

    Attributes:
        seconds: elapsed time, with the time before an interruption.
        forward_passes: images that the network classified.
        backward_passes: images for which the network computed a gradient.
        zero_gradient_share: share of gradients that were 0 in every pixel, or not finite; None without gradients. For
            attacks on ``cw`` it counts images that are broken already.
    """

    seconds: NonNegativeFloat
    forward_passes: NonNegativeInt
    backward_passes: NonNegativeInt
    zero_gradient_share: Share | None


class Member(_Part):
    """Hold the result of one attack of an ensemble.

    Attributes:
        name: name of the attack.
        settings: settings of the attack; see :func:`rnas.attacks.describe`.
        attacked: number of images that withstood the attacks before it, and so were attacked.
        broken: number of these images that it broke.
        broken_images: images that this attack broke first, in the form of ``right``.
        cost: cost of the attack.
    """

    name: str
    settings: dict[str, Any]
    attacked: NonNegativeInt
    broken: NonNegativeInt
    broken_images: str
    cost: Cost


class AttackEvaluation(MeasuredAccuracy):
    """Hold the share of images that are classified correctly, both clean and under an attack.

    Attributes:
        name: name in the request.
        threat: name of the threat in which it was run.
        norm: norm of the threat.
        epsilon: radius of the threat, an exact fraction, for pixels in [0, 1].
        settings: settings; see :func:`rnas.attacks.describe`. Members of an ensemble have their own.
        cost: cost of the attack.
        members: attacks of an ensemble in their order; empty for a single attack.
        left_out: reason why other attacks of the ensemble were not run, by name.
    """

    name: str
    threat: str
    norm: Literal["linf", "l2", "l1"]
    epsilon: str
    settings: dict[str, Any]
    cost: Cost
    members: tuple[Member, ...] = ()
    left_out: dict[str, str] = {}


class ThreatEvaluation(MeasuredAccuracy):
    """Hold the share of images that are classified correctly, both clean and under every attack of a threat.

    Attributes:
        name: norm and radius, such as ``linf:8/255``.
        norm: norm of the ball.
        epsilon: radius of the ball, an exact fraction.
    """

    name: str
    norm: Literal["linf", "l2", "l1"]
    epsilon: str


class Weights(_Part):
    """Identify the weights.

    Attributes:
        file: its path; None where the network was given as a module.
        sha256: of its bytes, or of the names and values of the module's tensors.
        notes: sentences on what is not known of them, which the result's note contains.
    """

    file: str | None
    sha256: str
    notes: tuple[str, ...] = ()


class Data(_Part):
    """Describe the images.

    Attributes:
        name: registered name of the data.
        split: always ``test``, on which nothing was selected.
        images: number of images.
        published_test_images: whether they are from the published test set.
        input_shape: (channels, height, width).
        num_classes: number of classes.
        classes: their names in the order of the logits; empty if they have none.
        split_seed: seed that divided the data.
        hash: hash of all splits.
        images_hash: hash of only the images and labels that were evaluated.
        ids: positions of the images in the data, in the order of every ``right``.
    """

    name: str
    split: Literal["test"]
    images: PositiveInt
    published_test_images: bool
    input_shape: tuple[PositiveInt, PositiveInt, PositiveInt]
    num_classes: PositiveInt
    classes: tuple[str, ...] = ()
    split_seed: int
    hash: str
    images_hash: str
    ids: tuple[int, ...]


class FlagChecks(_Part):
    """Describe the checks for signs of overestimated robustness.

    Attributes:
        threat: name of the threat whose ball the checks searched.
        images: number of images in the checks.
        names: names of the checks.
    """

    threat: str
    images: int
    names: tuple[str, ...]


class EvaluationResult(_Part, Tabular):
    """Hold clean and robust accuracy of one network, and everything that decided them.

    Attributes:
        schema_version: of this form; higher where a field changes its meaning.
        name: short name, that of the file of the result.
        network: as it was asked for.
        architecture: its description; ``rnas.networks.architecture.from_dict`` reads it. None where the network was
            given as a module.
        architecture_key: its key, or None.
        params: number of its parameters.
        flops: multiply-accumulates for one image, or None.
        weights: the weights.
        data: the images.
        seed: seed of the attacks' noise.
        batch_size: images per batch.
        precision: precision of all numbers.
        interval: kind of all intervals.
        clean: accuracy on clean images.
        attacks: one entry for each attack and threat.
        threats: one entry for each threat.
        worst_case: accuracy under every attack of every threat: the union of the threats.
        corruptions: accuracy under the common corruptions, in the form of
            :meth:`rnas.evaluation.corruption_robustness.CorruptionRobustness.to_dict`; None if they were not computed.
        flags: findings of the checks; see :class:`rnas.evaluation.Flag`. None if the checks did not run.
        flag_checks: what was checked, or None.
        request: the whole request, by the names of :class:`rnas.evaluation._request.Request`.
        versions: versions of Python and libraries.
        device: the processor.
        processor: model of the processor; empty if unknown.
        note: what a reader of results on these data and of these weights must know.
    """

    schema_version: Literal[1] = 1
    name: str
    network: str
    architecture: dict[str, Any] | None
    architecture_key: str | None
    params: NonNegativeInt
    flops: NonNegativeInt | None
    weights: Weights
    data: Data
    seed: int
    batch_size: int
    precision: str
    interval: str
    clean: MeasuredAccuracy
    attacks: tuple[AttackEvaluation, ...]
    threats: tuple[ThreatEvaluation, ...]
    worst_case: MeasuredAccuracy
    corruptions: dict[str, Any] | None
    flags: tuple[Flag, ...] | None
    flag_checks: FlagChecks | None
    request: dict[str, Any]
    versions: dict[str, str]
    device: str
    processor: str = ""
    note: str

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        return self.model_dump(mode="json")

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each accuracy, with its interval."""
        columns = ("correct", "accuracy", "low", "high")
        return [
            {"name": name, **{column: getattr(own, column) for column in columns}}
            for name, own in self.accuracies.items()
        ]

    def __repr__(self) -> str:
        """Return the accuracies in a line."""
        shares = ", ".join(f"{name} {own.accuracy:.2%}" for name, own in self.accuracies.items())
        return f"<EvaluationResult {self.network}, {self.data.images} images of {self.data.name}: {shares}>"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        rows = [
            (name, f"{own.accuracy:.2%}", f"{own.low:.2%} - {own.high:.2%}") for name, own in self.accuracies.items()
        ]
        flags = "".join(f"<p>{escape(flag.name)}: {escape(flag.explanation)}</p>" for flag in self.flags or ())
        of = f"{self.network}, {self.data.images} images of {self.data.name}"
        return notebook_table(of, ("accuracy", "", "95 % interval"), rows) + flags

    @property
    def accuracies(self) -> dict[str, MeasuredAccuracy]:
        """Return ``clean``, each attack and ``worst case`` by name; several threats put theirs before the attack's."""
        several = len(self.threats) > 1
        attacks = {f"{own.threat} {own.name}" if several else own.name: own for own in self.attacks}
        return {CLEAN: self.clean, **attacks, WORST_CASE: self.worst_case}
