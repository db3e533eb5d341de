"""Make a table of residual networks on CIFAR-10: each is trained adversarially at 8/255 with two seeds.

    python benchmarks/search/cifar10_bench.py --data DIR --results benchmarks/search/cifar10_bench.jsonl --workers 2
    python benchmarks/search/cifar10_bench.py --data DIR --results benchmarks/search/cifar10_bench.jsonl --report
    python benchmarks/search/cifar10_bench.py --data DIR --results benchmarks/search/cifar10_bench.jsonl --write FILE

``DIR`` contains ``cifar-10-batches-py``. The first command runs for hours and may be stopped at any time, even by a
kill; started again, it goes on where it ended. The first line of the results is the list of networks in the order of
training, so that a machine whose rounding differs goes on with the same list.

The networks are a crossed design. At each of five levels of FLOPs, depths and widths of the stages vary independently
of params, for three block topologies with and without squeeze-and-excitation. Levels, topologies and
squeeze-and-excitation alternate in the order, and both seeds of a network follow each other, so that the first 30, 60,
90 ... networks are balanced, and an incomplete table can be used.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from trained_table import Genome, Work, make, measured, parser, report, write

from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.nas.evaluators.adversarial_training import AdversarialTraining, AdversarialTrainingSettings
from rnas.nas.strategies.crossed_design import most_informative, quadratic
from rnas.networks._stage_shares import depth_to_width, stage_shares
from rnas.networks.residual import ResidualNetwork
from search_spaces.robust_resnet import RobustResNetSettings, RobustResNetSpace

INPUT_SHAPE = (3, 32, 32)
NUM_CLASSES = 10
LEVELS = (2.6e6, 3.8e6, 5.5e6, 7.9e6, 11.3e6)
"""FLOPs of the networks, each within :data:`TOLERANCE`; the last level is for predictions at FLOPs not seen before."""
TOLERANCE = 0.06
PER_LEVEL = 84

SPACE: dict[str, Any] = {
    "upsample": 1,
    "depths": (1, 2, 3, 4),
    "widths": (0.5, 0.75, 1, 1.25, 1.5, 2),
    "base_channels": (8, 16, 32),
    "stem_width": (8,),
    "topology": ("basic", "bottleneck", "robust-res-block"),
    "order": ("pre",),
    "first_input": ("raw",),
    "kernel_size": (3,),
    "cardinality": (1,),
    "scales": (2,),
    "squeeze_excitation": ("none", "residual"),
    "reduction": (16,),
    "activation": ("relu",),
    "normalization": ("batch",),
}

TRAINING: dict[str, Any] = {
    "data": "cifar10",
    "recipe": {
        "name": "fgsm-rs",
        "learning_rate": 0.1,
        "schedule": {"name": "one-cycle", "peak": 0.3},
        "inner_attack": {"name": "pgd", "steps": 1, "step": "1"},
        "augmentation": ["flip"],
        "overfitting_guard": None,
    },
    "eps": "8/255",
    "fidelity": {"epochs": 2, "images": 10000, "batch_size": 32},
    "images": {"search_val": 1000, "test": 2000},
    "evaluation": {"steps": 4, "step": "3/8"},
}
"""Training and attack of every network, in the form ``evaluator: {train: ...}``."""


def design(space: RobustResNetSpace) -> list[Genome]:
    """Return the networks in the order of training."""
    everything = _all(space)
    flops = space.cost(everything).flops
    inside = [everything[np.abs(flops / level - 1) < TOLERANCE] for level in LEVELS]
    chosen = [_level(space, genomes, number) for number, genomes in enumerate(inside)]
    return [tuple(map(int, level[step])) for step in range(PER_LEVEL) for level in chosen]


def _all(space: RobustResNetSpace) -> Integers:
    grid = np.indices(tuple(space.sizes.tolist()), dtype=np.int64).reshape(len(space.sizes), -1).T
    genomes: Integers = np.unique(space.canonical(grid), axis=0)
    return genomes


def _level(space: RobustResNetSpace, genomes: Integers, number: int) -> list[Integers]:
    """Return the networks of one level: each adds most to what is known of shares, r_D and params at its FLOPs."""
    names = [variable.name for variable in space.variables]
    topology, gate = (genomes[:, names.index(name)] for name in ("topology", "squeeze_excitation"))
    terms = _terms(space, genomes)
    rows: list[int] = []
    for step in range(PER_LEVEL):
        # Levels start with different blocks, so that the first networks already have all of them.
        turn = step + 2 * number
        wanted = np.flatnonzero((topology == turn % 3) & (gate == turn // 3 % 2))
        left = np.setdiff1d(wanted, rows)
        rows.append(int(left[most_informative(terms[left], terms[rows], 1)[0]]))
    return [genomes[row] for row in rows]


def _terms(space: RobustResNetSpace, genomes: Integers) -> Floats:
    networks = [space.decode(genome) for genome in genomes]
    residual = [network for network in networks if isinstance(network, ResidualNetwork)]
    depths = np.array([network.depths for network in residual], dtype=np.float64)
    widths = np.array([network.widenings for network in residual])
    shares = [stage_shares(sizes)[:, :-1] for sizes in (depths, widths)]
    columns = np.column_stack([np.log(space.cost(genomes).params), *shares, depth_to_width(depths, widths)])
    return quadratic((columns - columns.mean(axis=0)) / columns.std(axis=0))


def networks(results: Path, space: RobustResNetSpace) -> list[Genome]:
    """Return the list of networks in the results; write it, as their first line, if they do not exist yet."""
    if not results.exists():
        listed = ["".join(map(str, genome)) for genome in design(space)]
        results.write_text(json.dumps({"training": TRAINING, "networks": listed}))
    first = json.loads(results.read_text().split("\n", 1)[0])
    if first["training"] != json.loads(json.dumps(TRAINING)):
        raise InputError(f"{results}: its networks were trained by other settings; write to another file")
    return [tuple(map(int, digits)) for digits in first["networks"]]


def edges(levels: Sequence[float]) -> Floats:
    """Return the FLOPs between the levels."""
    return np.sqrt(np.multiply(levels[:-1], levels[1:]))


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--data", type=Path, required=True, help="folder that contains cifar-10-batches-py")
    arguments = options.parse_args()
    space = RobustResNetSpace(RobustResNetSettings(**SPACE), INPUT_SHAPE, NUM_CLASSES)
    settings = AdversarialTrainingSettings.model_validate({"train": {**TRAINING, "data_dir": arguments.data}})
    work = Work(AdversarialTraining(settings, space), networks(arguments.results, space))
    if arguments.write is None and not arguments.report:
        make(work, arguments.results, arguments.workers, arguments.seconds)
        return
    found = measured(work, arguments.results)
    if arguments.write is not None:
        write(found, arguments.write)
    report(found, [edges(LEVELS)])


if __name__ == "__main__":
    main()
