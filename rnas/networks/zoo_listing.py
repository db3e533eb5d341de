"""List the published networks: their sizes, and their accuracies as their papers print them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, overload

from rnas.errors import InputError
from rnas.networks import architecture as arch
from rnas.networks.architecture import Shape
from rnas.networks.zoo import ACCURACIES, CIFAR, Baseline, Published, PublishedAccuracy, baselines, find
from rnas.utils._tabular import Tabular, notebook_table
from rnas.utils.quantities import format_size, pluralize

FLOPS = "multiply-accumulates of convolutions, linear layers and attention for one image"

_WILDCARDS = frozenset("*?[")
_SHOWN = ("clean", "pgd20", "cw40", "autoattack", "worst_case")

_DATASETS: dict[str, tuple[Shape, int]] = {
    "cifar10": (CIFAR, 10),
    "cifar100": (CIFAR, 100),
    "imagenet": ((3, 224, 224), 1000),
}
"""Shape of the images and number of classes of the data that results were published for."""

_OTHER_LAYERS = 1.005
"""What the papers' #F counts at most beyond convolutions and linear layers: normalisation and pooling."""


@dataclass(frozen=True)
class ZooNetwork:
    """Hold a published network and some of its published results.

    Attributes:
        baseline: the network.
        published: the results, each a row of a published table.
    """

    baseline: Baseline
    published: tuple[Published, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything about the network as JSON values.

        ``costs`` has params and FLOPs for each data set of its images' shape. Sizes ``as printed`` are text, in
        millions of parameters and billions of multiply-accumulates, and ``..._agree`` says whether the network has
        them. Accuracies are in percent.
        """
        baseline, robust_scaling = self.baseline, self.baseline.robust_scaling
        return {
            "name": baseline.name,
            "family": baseline.family,
            "key": arch.key(baseline.network),
            "params": baseline.cost.params,
            "flops": baseline.cost.flops,
            "input_shape": list(baseline.input_shape),
            "num_classes": baseline.num_classes,
            "costs": _costs(baseline),
            "source": baseline.source,
            "note": baseline.note,
            "published": [_published(baseline, row) for row in self.published],
            "scaling": baseline.scaling.description,
            "robust_scaling": None if robust_scaling is None else robust_scaling.description,
            "weights": [names.code for names in baseline.weight_names],
            "architecture": arch.to_dict(baseline.network),
        }


@dataclass(frozen=True)
class Zoo(Sequence[ZooNetwork], Tabular):
    """Hold published networks, family after family. A network is found by its place or its name."""

    networks: tuple[ZooNetwork, ...]

    @overload
    def __getitem__(self, place: int | str) -> ZooNetwork: ...

    @overload
    def __getitem__(self, place: slice) -> "Zoo": ...

    def __getitem__(self, place: int | str | slice) -> "ZooNetwork | Zoo":
        if isinstance(place, slice):
            return Zoo(self.networks[place])
        if isinstance(place, int):
            return self.networks[place]
        for network in self.networks:
            if network.baseline.name == place:
                return network
        raise KeyError(f"{place!r} is not among these networks; rnas.networks.find looks for similar names")

    def __len__(self) -> int:
        return len(self.networks)

    def __iter__(self) -> Iterator[ZooNetwork]:
        return iter(self.networks)

    def to_dict(self) -> dict[str, Any]:
        """Return the networks as JSON values, and what FLOPs are."""
        return {"flops": FLOPS, "networks": [network.to_dict() for network in self]}

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield a row for each published result; accuracies are in percent."""
        for network in self:
            baseline = network.baseline
            own = {"name": baseline.name, "family": baseline.family, **_cost_of(baseline, baseline.num_classes)}
            for row in network.published:
                accuracies = {name: getattr(row, name) and getattr(row, name).mean for name in ACCURACIES}
                yield {
                    **own,
                    **_costs(baseline).get(row.dataset, {}),
                    "dataset": row.dataset,
                    "training": row.training,
                    **accuracies,
                    "source": row.source,
                }

    def _repr_html_(self) -> str:
        columns = ("name", "params", "flops", "dataset", *_SHOWN)
        rows = [
            [format_size(row[name]) if name in ("params", "flops") else row[name] for name in columns]
            for row in self.rows()
        ]
        return notebook_table(f"{pluralize(len(self), 'published network')}; accuracies in percent", columns, rows)


def zoo(pattern: str | None = None, *, dataset: str | None = None) -> Zoo:
    """List the published networks.

    Args:
        pattern: a network's name, a family, a part of names, or a pattern such as ``wrn-a?``; None is all.
        dataset: keep only results on these data, such as ``cifar100``, and networks that have some.

    Raises:
        InputError: there is no such network, or there are no results on these data.

    Examples:
        >>> import rnas
        >>> f"{rnas.zoo()['wrn-28-10'].baseline.cost.params:,}"
        '36,479,194'
    """
    found = [ZooNetwork(baseline, baseline.published) for baseline in _matching(pattern)]
    if dataset is not None:
        known = sorted({row.dataset for network in found for row in network.published})
        found = [
            ZooNetwork(network.baseline, tuple(row for row in network.published if row.dataset == dataset))
            for network in found
        ]
        found = [network for network in found if network.published]
        if not found:
            raise InputError(f"no published results on {dataset!r} there; there are some on: {', '.join(known) or '-'}")
    return Zoo(tuple(found))


def _matching(pattern: str | None) -> list[Baseline]:
    """Return the networks of this name, family, pattern or part of a name; InputError if no network matches."""
    known = baselines()
    if pattern is None:
        return list(known.values())
    text = pattern.lower()
    if text in known:
        return [known[text]]
    if _WILDCARDS & set(text):
        found = [network for name, network in known.items() if fnmatchcase(name, text)]
        if not found:
            raise InputError(f"no published network is called {pattern!r}; see rnas zoo for all")
        return found
    family = [network for network in known.values() if network.family == text]
    return family or [network for name, network in known.items() if text in name] or [find(text)]


def _cost_of(baseline: Baseline, num_classes: int) -> dict[str, int]:
    cost = baseline.cost_of(num_classes)
    return {"num_classes": num_classes, "params": cost.params, "flops": cost.flops}


def _costs(baseline: Baseline) -> dict[str, dict[str, int]]:
    return {
        dataset: _cost_of(baseline, classes)
        for dataset, (shape, classes) in _DATASETS.items()
        if shape == baseline.input_shape
    }


def _published(baseline: Baseline, row: Published) -> dict[str, Any]:
    # One table prints the size once for two data sets: that of its first.
    _, classes = _DATASETS.get(row.dataset, (None, baseline.num_classes))
    counts = {baseline.cost_of(number) for number in (classes, baseline.num_classes)}
    return {
        "dataset": row.dataset,
        "training": row.training,
        **{name: _accuracy(getattr(row, name)) for name in ACCURACIES},
        "params_as_printed": row.params,
        "params_agree": row.params
        and any(_prints(cost.params / 1e6, row.params, cut="cut, not rounded" in row.note) for cost in counts),
        "flops_as_printed": row.flops,
        "flops_agree": row.flops and any(_prints(cost.flops / 1e9, row.flops, _OTHER_LAYERS) for cost in counts),
        "source": row.source,
        "note": row.note,
    }


def _accuracy(accuracy: PublishedAccuracy | None) -> dict[str, float | None] | None:
    return None if accuracy is None else {"mean": accuracy.mean, "spread": accuracy.spread}


def _prints(value: float, printed: str, at_most: float = 1.0, *, cut: bool = False) -> bool:
    """Return whether a value from ``value`` to ``at_most`` times as much, rounded to as many digits, is ``printed``.

    If it is ``cut`` the digits after those are left out, whatever they are.
    """
    half_digit = 0.5 / 10 ** len(printed.partition(".")[2])
    if cut:
        value -= half_digit
    return bool(value - half_digit <= float(printed) <= at_most * value + half_digit)
