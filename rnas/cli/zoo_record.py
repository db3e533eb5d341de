"""What the zoo tells of a published network, as JSON values."""

from typing import Any

from rnas.networks import architecture as arch
from rnas.networks.architecture import Shape
from rnas.networks.zoo import CIFAR, Baseline, Published, PublishedAccuracy

_DATASETS: dict[str, tuple[Shape, int]] = {
    "cifar10": (CIFAR, 10),
    "cifar100": (CIFAR, 100),
    "imagenet": ((3, 224, 224), 1000),
}
"""Shape of the images and number of classes of the data that results were published for."""

_OTHER_LAYERS = 1.005
"""What the papers' #F counts at most beyond convolutions and linear layers: normalisation and pooling."""


def record(baseline: Baseline, published: tuple[Published, ...]) -> dict[str, Any]:
    """One network and some of its published results.

    ``costs`` has params and FLOPs for each data set of its images' shape; sizes ``as printed`` are text, in millions of
    parameters and billions of multiply-accumulates, and ``..._agree`` says whether the network has them; accuracies
    are in percent.
    """
    robust_scaling = baseline.robust_scaling
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
        "published": [_published(baseline, row) for row in published],
        "scaling": baseline.scaling.description,
        "robust_scaling": None if robust_scaling is None else robust_scaling.description,
        "weights": [names.code for names in baseline.weight_names],
        "architecture": arch.to_dict(baseline.network),
    }


def _costs(baseline: Baseline) -> dict[str, dict[str, int]]:
    costs = {}
    for dataset, (shape, classes) in _DATASETS.items():
        if shape == baseline.input_shape:
            cost = baseline.architecture(classes).cost(shape, classes)
            costs[dataset] = {"num_classes": classes, "params": cost.params, "flops": cost.flops}
    return costs


def _published(baseline: Baseline, row: Published) -> dict[str, Any]:
    # One table prints the size once for two data sets: that of its first.
    _, classes = _DATASETS.get(row.dataset, (None, baseline.num_classes))
    counts = {baseline.architecture(n).cost(baseline.input_shape, n) for n in (classes, baseline.num_classes)}
    return {
        "dataset": row.dataset,
        "training": row.training,
        "clean": _accuracy(row.clean),
        "pgd20": _accuracy(row.pgd20),
        "cw40": _accuracy(row.cw40),
        "autoattack": _accuracy(row.autoattack),
        "params_as_printed": row.params,
        "params_agree": row.params and any(_prints(cost.params / 1e6, row.params) for cost in counts),
        "flops_as_printed": row.flops,
        "flops_agree": row.flops and any(_prints(cost.flops / 1e9, row.flops, _OTHER_LAYERS) for cost in counts),
        "source": row.source,
        "note": row.note,
    }


def _accuracy(accuracy: PublishedAccuracy | None) -> dict[str, float | None] | None:
    return None if accuracy is None else {"mean": accuracy.mean, "spread": accuracy.spread}


def _prints(value: float, printed: str, at_most: float = 1.0) -> bool:
    """Whether something from ``value`` to ``at_most`` times as much, rounded to as many digits, is what is printed."""
    half_digit = 0.5 / 10 ** len(printed.partition(".")[2])
    return bool(value - half_digit <= float(printed) <= at_most * value + half_digit)
