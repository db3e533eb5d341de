"""What ``rnas evaluate`` prints and writes: a result that others can be compared and joined with."""

from html import escape
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from rnas.evaluation.flags.flag import Flag
from rnas.utils.data_frames import data_frame

CLEAN, WORST_CASE = "clean", "worst case"
"""Names of the accuracies that are no single attack's."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MeasuredAccuracy(_Part):
    """A share of the images.

    Attributes:
        correct: how many are classified correctly.
        accuracy: their share, in [0, 1].
        low: lower end of the Wilson 95 % interval.
        high: its upper end.
        right: which they are: a bit for each image, in the order of the ids of the data, eight a byte, the first in
            the highest bit, the last byte filled up with zeros, in hexadecimal. The union of attacks or threats, also
            of several results on the same images, is the bitwise AND. See :mod:`rnas.evaluation.image_flags`.
    """

    correct: int
    accuracy: float
    low: float
    high: float
    right: str


class Cost(_Part):
    """What an attack took.

    Attributes:
        seconds: on the clock, those before an interruption included.
        forward_passes: images that the network classified.
        backward_passes: images that it gave a gradient for.
        zero_gradient_share: share of those whose gradient was 0 in every pixel, or not finite; None without any. Of
            attacks on ``cw`` it counts images that are broken already.
    """

    seconds: float
    forward_passes: int
    backward_passes: int
    zero_gradient_share: float | None


class Member(_Part):
    """One attack of an ensemble.

    Attributes:
        name: of the attack.
        settings: see :func:`rnas.attacks.description.describe`.
        attacked: how many images withstood those before it, and so were attacked.
        broken: how many of them it broke.
        broken_images: which it broke, in the form of ``right``: those that this attack broke first.
        cost: what it took.
    """

    name: str
    settings: dict[str, Any]
    attacked: int
    broken: int
    broken_images: str
    cost: Cost


class AttackEvaluation(MeasuredAccuracy):
    """The images that are classified correctly as they are and under an attack.

    Attributes:
        name: as it was asked for.
        threat: name of the threat that it was run in.
        norm: of the threat.
        epsilon: its radius, an exact fraction, for pixels in [0, 1].
        settings: see :func:`rnas.attacks.description.describe`; of an ensemble its members have their own.
        cost: what it took.
        members: of an ensemble its attacks in their order; of an attack nothing.
        left_out: why others of its attacks were not run, by name.
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
    """The images that are classified correctly as they are and under every attack of a threat.

    Attributes:
        name: norm and radius, such as ``linf:8/255``.
        norm: of the ball.
        epsilon: its radius, an exact fraction.
    """

    name: str
    norm: Literal["linf", "l2", "l1"]
    epsilon: str


class Weights(_Part):
    """The weights.

    Attributes:
        file: its path; None where the network was given as a module.
        sha256: of its bytes, or of the names and values of the module's tensors.
    """

    file: str | None
    sha256: str


class Data(_Part):
    """The images.

    Attributes:
        name: registered name of the data.
        split: always ``test``, on which nothing was chosen.
        images: how many there were.
        published_test_images: whether they are from the published test set.
        input_shape: (channels, height, width).
        num_classes: number of classes.
        split_seed: by which the data were divided.
        hash: of all splits.
        images_hash: of the images and labels that were evaluated alone.
        ids: positions of the images in the data, in the order of every ``right``.
    """

    name: str
    split: Literal["test"]
    images: int
    published_test_images: bool
    input_shape: tuple[int, int, int]
    num_classes: int
    split_seed: int
    hash: str
    images_hash: str
    ids: tuple[int, ...]


class FlagChecks(_Part):
    """What was checked for signs of overestimated robustness.

    Attributes:
        threat: name of the threat whose ball the checks searched.
        images: how many images they were made on.
        names: of the checks.
    """

    threat: str
    images: int
    names: tuple[str, ...]


class EvaluationResult(_Part):
    """Clean and robust accuracy of one network, and all that decided them.

    Attributes:
        schema_version: of this form; higher where a field changes its meaning.
        name: short name, that of the file of the result.
        network: as it was asked for.
        architecture: its description; ``rnas.networks.architecture.from_dict`` reads it. None where the network was
            given as a module.
        architecture_key: its key, or None.
        params: number of its parameters.
        flops: multiply-accumulates for one image, or None.
        weights: which.
        data: on which images.
        seed: of the attacks' noise.
        batch_size: images at a time.
        precision: of all numbers.
        interval: kind of all intervals.
        clean: the images as they are.
        attacks: one entry for each attack and threat.
        threats: one entry for each threat.
        worst_case: under every attack of every threat: the union of the threats.
        corruptions: accuracy under the common corruptions, in the form of
            :meth:`rnas.evaluation.corruption_robustness.CorruptionRobustness.to_dict`; None where they were left out.
        flags: what the checks found; see :class:`rnas.evaluation.flags.flag.Flag`. None where they were left out.
        flag_checks: what was checked, or None.
        request: everything that was asked for, by the names of :class:`rnas.evaluation.request.Request`.
        versions: of Python and libraries.
        device: the processor.
        processor: its model; empty where it is not known.
        note: what a reader of results on these data must know.
    """

    schema_version: Literal[1] = 1
    name: str
    network: str
    architecture: dict[str, Any] | None
    architecture_key: str | None
    params: int
    flops: int | None
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

    def to_pandas(self) -> Any:
        """Return the accuracies as a ``pandas.DataFrame``, one row each, with their intervals.

        Raises:
            InputError: pandas is not installed.
        """
        columns = ("correct", "accuracy", "low", "high")
        return data_frame(
            {"name": name, **{column: getattr(own, column) for column in columns}}
            for name, own in self.accuracies.items()
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(name)}</td><td>{own.accuracy:.2%}</td><td>{own.low:.2%} - {own.high:.2%}</td></tr>"
            for name, own in self.accuracies.items()
        )
        flags = "".join(f"<p>{escape(flag.name)}: {escape(flag.explanation)}</p>" for flag in self.flags or ())
        of = f"{self.network}, {self.data.images} images of {self.data.name}"
        return f"<p>{escape(of)}</p><table>{rows}</table>{flags}"

    @property
    def accuracies(self) -> dict[str, MeasuredAccuracy]:
        """By name: ``clean``, each attack, with its threat before it where there are several, and ``worst case``."""
        several = len(self.threats) > 1
        attacks = {f"{own.threat} {own.name}" if several else own.name: own for own in self.attacks}
        return {CLEAN: self.clean, **attacks, WORST_CASE: self.worst_case}
