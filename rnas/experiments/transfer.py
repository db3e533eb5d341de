"""Show the adversarial images of each network to all others: black-box transfer as a matrix."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import nn

from rnas.data.dataset import Dataset
from rnas.errors import InputError
from rnas.evaluation.evaluation_result import MeasuredAccuracy
from rnas.experiment import Listener, kind_at
from rnas.experiments.comparison.run import Comparison
from rnas.experiments.evaluate import evaluate
from rnas.networks import architecture as arch
from rnas.statistics.interval import Interval
from rnas.utils._tabular import Tabular, notebook_table

ATTACK = "pgd20"


@dataclass(frozen=True)
class TransferMatrix(Tabular):
    """Hold the accuracy of each network on images that an attack computed on each, in [0, 1].

    Attributes:
        names: the networks.
        accuracies: ``accuracies[source][target]``; on the diagonal a network is attacked by its own gradient.
        clean: accuracy of each network on clean images.
        images: number of images.
        attack: name of the attack.
        epsilon: radius of the ball, as an exact fraction.
    """

    names: tuple[str, ...]
    accuracies: tuple[tuple[Interval, ...], ...]
    clean: tuple[Interval, ...]
    images: int
    attack: str
    epsilon: str

    def to_dict(self) -> dict[str, Any]:
        """Return the matrix as JSON values."""
        return asdict(self)

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each pair: source, target, and the accuracy of the target with its 95 % interval."""
        return [
            {"source": source, "target": target, "accuracy": cell.value, "low": cell.low, "high": cell.high}
            for source, row in zip(self.names, self.accuracies, strict=True)
            for target, cell in zip(self.names, row, strict=True)
        ]

    def __repr__(self) -> str:
        """Return the matrix in a line."""
        return f"<TransferMatrix of {len(self.names)} networks: {self.attack}, {self.images} images>"

    def _repr_html_(self) -> str:
        cells = [
            (name, *(f"{cell.value:.1%}" for cell in row))
            for name, row in zip(self.names, self.accuracies, strict=True)
        ]
        return notebook_table(repr(self), ("computed on", *self.names), cells)


def transfer(
    networks: Sequence[nn.Module | str | Path] | str | Path,
    *,
    data: Dataset | str | None = None,
    data_dir: Path | str | None = None,
    eps: float | str | None = None,
    images: int | None = None,
    seed: int = 0,
    batch_size: int | None = None,
    device: str = "auto",
    listener: Listener | None = None,
) -> TransferMatrix:
    """Attack every network by PGD-20, and show the images that this gives to all others.

    Args:
        networks: at least two networks with weights, as :func:`rnas.evaluate` takes them; or the directory of a
            comparison, for the best checkpoints of its trainings with seed 0.
        data: a data set, or its registered name; None is what the first network was trained on, or else CIFAR-10.
        data_dir: folder of the data's files.
        eps: l-infinity radius for pixels in [0, 1]; None is that of the training or of the data.
        images: number of images, the first of the test split; None is all of them.
        seed: seed of the attacks' noise.
        batch_size: images at a time.
        device: ``auto``, ``cpu`` or ``cuda``.
        listener: learns of progress.

    Raises:
        InputError: there are fewer than two networks or no weights, or a network does not fit the images.
    """
    named = _of_comparison(Path(networks)) if isinstance(networks, str | Path) else _named(networks)
    if len(named) < 2:
        raise InputError(f"networks: a matrix needs at least two networks, not {len(named)}")
    results = [
        evaluate(
            network,
            data=data,
            data_dir=data_dir,
            attacks=(ATTACK,),
            eps=eps,
            images=images,
            seed=seed,
            batch_size=batch_size,
            transfer=[other for place, (_, other) in enumerate(named) if place != number],
            flags=False,
            device=device,
            listener=listener,
        )
        for number, (_, network) in enumerate(named)
    ]
    if len({result.data.images_hash for result in results}) > 1:
        raise InputError("networks: they were divided from the same data differently; give the same data to all")
    table = []
    for source in range(len(named)):
        row = []
        for target, result in enumerate(results):
            # The network's own attack is the first, and the transferred ones follow in order.
            place = 0 if source == target else 1 + source - (source > target)
            row.append(_interval(result.attacks[place]))
        table.append(tuple(row))
    return TransferMatrix(
        names=tuple(name for name, _ in named),
        accuracies=tuple(table),
        clean=tuple(_interval(result.clean) for result in results),
        images=results[0].data.images,
        attack=ATTACK,
        epsilon=results[0].attacks[0].epsilon,
    )


def _named(networks: Sequence[nn.Module | str | Path]) -> list[tuple[str, nn.Module | str | Path]]:
    found: list[tuple[str, nn.Module | str | Path]] = []
    for number, one in enumerate(networks, start=1):
        found.append((f"{type(one).__name__} {number}" if isinstance(one, nn.Module) else str(one), one))
    return found


def _of_comparison(path: Path) -> list[tuple[str, nn.Module | str | Path]]:
    if kind_at(path) != Comparison.kind:
        raise InputError(f"networks: {path} is no comparison; give its directory, or at least two networks")
    comparison = Comparison.open(path)
    found: list[tuple[str, nn.Module | str | Path]] = []
    for one in comparison.settings.networks:
        # What was tuned is a part of the folder's name.
        folders = sorted(comparison.trainings.glob(f"{arch.key(one.network)}-seed-0*"))
        weights = next((folder / "best.safetensors" for folder in folders), None)
        if weights is None or not weights.is_file():
            raise InputError(f"networks: {one.name} has no checkpoint in {path} yet: resume it with rnas resume {path}")
        found.append((one.name, weights))
    return found


def _interval(measured: MeasuredAccuracy) -> Interval:
    return Interval(measured.accuracy, measured.low, measured.high)
