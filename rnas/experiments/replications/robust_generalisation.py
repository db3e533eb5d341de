"""Compare families of networks by robustness to attacks that they were not trained for, and relate it to sparsity."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from rnas.experiments.replications.claim import Claim, Contrast, MetricCorrelation
from rnas.experiments.replications.design import DesignCell, Replication, ReplicationFigure, Size
from rnas.networks.architecture import Architecture
from rnas.networks.conv_attention import ConvAttention
from rnas.networks.densenet import DenseNet
from rnas.networks.modules._tokens import Attend
from rnas.networks.pvt import PyramidVisionTransformer
from rnas.networks.residual import ResidualNetwork
from rnas.networks.resnet import ResNet
from rnas.networks.vgg import VGG
from rnas.networks.vit import VisionTransformer
from rnas.networks.zoo import find

PAPER = (
    "Liu, Tang, Liang, Gong, Wu, Liu, Tao: Exploring the Relationship between Architectural Design and Adversarially "
    "Robust Generalization, CVPR 2023"
)
ATTENTION, CONVOLUTION = "attention", "convolution"

_BUDGET = 1_000_000
"""FLOPs of published networks that are scaled to small images."""


@dataclass(frozen=True)
class Family:
    """Name a network of the zoo, and one of its family for images of 8x8 pixels, of about 0.5M FLOPs."""

    published: str
    small: Architecture


FAMILIES = (
    Family("vit", VisionTransformer(patch=2, width=40, depth=3, heads=4, hidden=40)),
    Family(
        "cpvt",
        VisionTransformer(patch=2, width=40, depth=3, heads=4, hidden=40, positions="conditional", readout="mean"),
    ),
    Family("pvtv2", PyramidVisionTransformer(2, (1, 1), (24, 40), heads=(1, 2), expansions=(4, 4))),
    Family(
        "coatnet",
        ConvAttention("CT", (1, 2), (24, 48), stem_channels=16, patch=1, heads=(3,), head_width=16),
    ),
    Family("vgg-11", VGG(stages=((24,), (32, 32), (64, 64)))),
    Family("resnet-18", ResNet(depths=(1, 1, 1), channels=(12, 24, 48))),
    Family("wrn-28-10", ResidualNetwork((1, 1, 1), (14, 28, 56), stem_width=8)),
    Family("densenet-121", DenseNet(depths=(3, 3, 3), channels=(12, 20, 28), growth=6)),
)
"""Four families with attention and four without, of which the zoo has a published network."""


def cells(size: Size) -> Iterator[DesignCell]:
    """Return a cell for each network; the chosen ones are scaled to the same FLOPs where networks are small."""
    for family in FAMILIES if not size.networks else ():
        network = find(family.published).network if size.paper else family.small
        yield _cell(size, family.published, network)
    for name in size.networks:
        found = find(name)
        scaled = found.scaled_to(_BUDGET, size.input_shape, size.num_classes).architecture
        yield _cell(size, found.name, found.network if size.paper else scaled)


def has_attention(architecture: Architecture, size: Size) -> bool:
    """Return whether a network weighs positions by attention."""
    with torch.device("meta"):
        model = architecture.build(size.num_classes, size.input_shape)
    return any(isinstance(module, Attend) for module in model.modules())


def claims(design: Sequence[DesignCell]) -> list[Claim]:
    """Return the claims on attention, if the design has networks with and without it, and on sparsity."""
    kinds = {kind: [row for row, cell in enumerate(design) if cell.factors["kind"] == kind] for kind in _KINDS}
    found = []
    if all(kinds.values()):
        first, second = (_means(kinds[ATTENTION], kinds[CONVOLUTION]), _means(kinds[CONVOLUTION], kinds[ATTENTION]))
        found = [
            Claim(
                "networks with attention are more robust to the worst case over threats (main table)",
                first,
                metric="test_worst_case_accuracy",
            ),
            Claim(
                "networks without attention are more robust to the attack that they were trained for (main table)",
                second,
                metric="test_robust_accuracy",
            ),
            Claim(
                "networks with attention have more weights that are small beside their layer's others (theorem 1)",
                first,
                metric="relative_sparsity",
            ),
        ]
    for words, metric in (
        ("weights near zero", "sparsity"),
        ("weights that are small beside their layer's others", "relative_sparsity"),
    ):
        found.append(
            Claim(
                f"networks with more {words} are more robust to the worst case: Kendall's tau above 0",
                MetricCorrelation(metric),
                metric="test_worst_case_accuracy",
                unit="tau",
                scale=1.0,
            )
        )
    return found


_KINDS = (ATTENTION, CONVOLUTION)


def _means(of: Sequence[int], than: Sequence[int]) -> Contrast:
    """Compare the means of two groups of cells."""
    term = (*((row, 1 / len(of)) for row in of), *((row, -1 / len(than)) for row in than))
    return Contrast((term,))


def _cell(size: Size, name: str, network: Architecture) -> DesignCell:
    kind = ATTENTION if has_attention(network, size) else CONVOLUTION
    return size.cell(network, {"network": name, "kind": kind})


REPLICATION = Replication(
    name="robust-generalisation",
    title="Robustness to attacks that networks were not trained for",
    paper=PAPER,
    section="main table on CIFAR-10, and section on weight sparsity",
    observation="After adversarial training in l-infinity, networks with attention are more robust to the worst case "
    "over l-infinity, l2 and l1 than convolutional ones, which are more robust in l-infinity. Attention makes weights "
    "sparse, and sparser networks generalise better to unseen attacks.",
    recipe="liu",
    cells=cells,
    claims=claims,
    figure=ReplicationFigure(x="params", colour=("kind",), like="the main table", metric="test_worst_case_accuracy"),
    diagnostics=("sparsity", "relative-sparsity"),
    threats=("unseen",),
    quick_threats=("l2:0.7", "l1:1.2"),
    columns=(
        "test_clean_accuracy",
        "test_robust_accuracy",
        "test_l2_accuracy",
        "test_l1_accuracy",
        "test_worst_case_accuracy",
        "sparsity",
        "relative_sparsity",
    ),
    quick={
        "name": "liu",
        "augmentation": [],
        "learning_rate": 4e-3,
        "schedule": {"name": "cosine", "warmup": 0.1, "hold": None, "length": None, "final": 0.0, "every": "step"},
    },
    quick_epochs=6,
    takes_networks=True,
    note="The paper says neither how it measures sparsity nor the learning rates of 19 of its 20 networks. Here a "
    "weight is near zero at 0.001 or below, or is small at a tenth of its layer's root mean square or below. Attacks "
    "are PGD on the cross-entropy and on the margin in each ball; the paper's worst case has AutoAttack in l-infinity "
    "too. Networks for small images are ours, of about the same FLOPs. On digits the l2 and l1 radii are smaller than "
    "in the paper's proportion to the image, at which this l1 attack, exact and sparse, leaves nothing to compare.",
)
