"""Build residual networks of two to four stages: WideResNets, RobustResNets and networks between them.

The structure is WideResNet (Zagoruyko, Komodakis, BMVC 2016) in the form of "Revisiting Residual Networks for
Adversarial Robustness" (Huang, Lu, Deb, Boddeti, CVPR 2023). State-dict names are those of that paper's released code.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from pydantic import ConfigDict

from rnas.errors import InputError
from rnas.networks._bounds import require_positive, require_sizes
from rnas.networks.activations import ACTIVATIONS
from rnas.networks.architecture import Shape
from rnas.networks.block import PRE, Block, BlockColumns
from rnas.networks.cost import Cost, Costs
from rnas.networks.normalization import runs_on
from rnas.networks.residual_cost import ResidualColumns, residual_costs, stage_sizes
from rnas.utils._lazy import LazyModule

if TYPE_CHECKING:
    from torch import nn

    from rnas.networks.modules import _residual as modules
else:
    nn = LazyModule("torch.nn")
    modules = LazyModule("rnas.networks.modules._residual")

STAGES = (2, 3, 4)
_MOST_UPSAMPLING = 64

CIFAR10_MEAN = (0.4914, 0.4822, 0.4465)
CIFAR10_STD = (0.2471, 0.2435, 0.2616)


BASIC = Block()
_LARGEST = 2.0**62

BASE_CHANNELS = (16, 32, 64, 128)
"""Planes of each stage of a WideResNet at widening 1."""


@dataclass(frozen=True)
class ResidualNetwork:
    """Describe a stem, two to four stages of blocks, and a linear classifier on pooled features.

    The stem is a 3x3 convolution at stride 1. The first block of every stage except the first halves the resolution.
    The head has normalisation and activation, average pooling over all positions, and a linear layer. If the first
    stage is post-activated (a structure of rnas), the stem's convolution is also normalised and activated. If the last
    stage is post-activated, its blocks end with an activation, and the head has neither. A value that is not possible
    raises InputError.

    Attributes:
        depths: number of blocks of each stage.
        channels: planes of each stage; the block decides how many channels the stage's maps have for its planes.
        blocks: one block for all stages, or one for each.
        stem_width: channels of the stem.
        upsample: factor by which nearest neighbours enlarge the image before the stem.
        head_activation: activation of the head, if it differs from that of the last stage.
        normalize_input: subtract CIFAR-10's channel means from the image and divide it by their deviations, as the
            released code does if its flag ``pre_process`` is set. Of the published networks WRN-A4 of the advanced
            training has it (:mod:`baselines.robust_resnet`).
    """

    kind: ClassVar[str] = "residual"
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    depths: tuple[int, ...]
    channels: tuple[int, ...]
    blocks: tuple[Block, ...] = (BASIC,)
    stem_width: int = 16
    upsample: int = 1
    head_activation: str | None = None
    normalize_input: bool = False

    def __post_init__(self) -> None:
        where = "residual network"
        stages = len(self.depths)
        if stages not in STAGES or len(self.channels) != stages:
            raise InputError(
                f"{where}: {stages} depths and {len(self.channels)} channels; write as many of both, two to four"
            )
        if len(self.blocks) not in (1, stages):
            raise InputError(f"{where}: {len(self.blocks)} blocks for {stages} stages; write one, or one for each")
        values = [("depth", d) for d in self.depths] + [("channels", c) for c in self.channels]
        for name, value in [*values, ("stem_width", self.stem_width)]:
            require_positive(where, name, value)
        require_positive(where, "upsample", self.upsample, _MOST_UPSAMPLING)
        require_sizes(where, sum(self.depths), self.channels)
        if self.head_activation not in (None, *ACTIVATIONS):
            known = ", ".join(ACTIVATIONS)
            raise InputError(f"{where}: head_activation is {self.head_activation!r}; write one of {known}")
        if len(set(self.blocks)) == 1:
            object.__setattr__(self, "blocks", self.blocks[:1])
        last = self.blocks[-1]
        if last.order != PRE or self.head_activation == last.activation:
            object.__setattr__(self, "head_activation", None)

    @property
    def stage_blocks(self) -> tuple[Block, ...]:
        """Return the block of each stage."""
        return self.blocks * (len(self.depths) // len(self.blocks))

    @property
    def implied(self) -> dict[str, str]:
        """Return the values that fields have which were left out and follow others."""
        last = self.blocks[-1]
        return {"head_activation": last.activation} if last.order == PRE and self.head_activation is None else {}

    @property
    def widenings(self) -> tuple[float, ...]:
        """Return the planes of each stage in multiples of :data:`BASE_CHANNELS`."""
        return tuple(planes / base for planes, base in zip(self.channels, BASE_CHANNELS, strict=False))

    @property
    def not_in_weights(self) -> dict[str, str]:
        """Return the fields that the names and shapes of its weights do not show, with their values in words."""
        names = dict.fromkeys([*(block.activation for block in self.blocks), self.head_activation or ""])
        activations = " and ".join(name for name in names if name and not ACTIVATIONS[name].params)
        hidden = {"activation": activations} if activations else {}
        for field in dataclasses.fields(Block):
            values = dict.fromkeys(str(getattr(block, field.name)) for block in self.blocks if block.hides(field.name))
            if values and (field.name != "equal_width_shortcut" or len(set(self.channels)) < len(self.channels)):
                hidden[field.name] = " and ".join(values)
        return hidden | {"upsample": str(self.upsample), "normalize_input": str(self.normalize_input).lower()}

    @property
    def plainest(self) -> "ResidualNetwork":
        """Return the network of ReLU and images as they are whose weights have the same names and shapes."""
        blocks = tuple(
            block if ACTIVATIONS[block.activation].params else dataclasses.replace(block, activation=BASIC.activation)
            for block in self.blocks
        )
        own = self.head_activation
        head = own if own is not None and ACTIVATIONS[own].params else BASIC.activation if own is not None else None
        return dataclasses.replace(self, blocks=blocks, head_activation=head, normalize_input=False)

    def with_last_stage(self, share: float) -> Self:
        """Return the same network whose last stage has this share of its planes, at least one.

        Raises:
            InputError: the block does not exist with this number of planes.
        """
        return dataclasses.replace(self, channels=(*self.channels[:-1], max(1, round(self.channels[-1] * share))))

    def build(self, num_classes: int, input_shape: Shape) -> "nn.Module":
        """Return the network (see :meth:`rnas.networks.architecture.Architecture.build`).

        Convolutions start from N(0, 2 / (k^2 out_channels)), whatever their groups; normalisations start from weight 1
        and bias 0, and the classifier from bias 0. Linear weights have torch's default.
        """
        self.require_runnable(input_shape)
        if self.normalize_input and input_shape[0] != len(CIFAR10_MEAN):
            wanted, given = len(CIFAR10_MEAN), input_shape[0]
            raise InputError(f"normalize_input is for images of {wanted} channels, these have {given}; leave it out")
        first, last = self.stage_blocks[0], self.stage_blocks[-1]
        head_activation = ACTIVATIONS[self.head_activation or last.activation].make
        return modules.ResidualModule(
            input_shape[0],
            num_classes,
            depths=self.depths,
            planes=self.channels,
            out_channels=tuple(
                block.type.out_channels(planes) for block, planes in zip(self.stage_blocks, self.channels, strict=True)
            ),
            blocks=tuple(block.type.constructor(block) for block in self.blocks),
            stem_width=self.stem_width,
            stem_layers=None if first.order == PRE else (first.style.normalization, first.style.activation),
            head_layers=(last.style.normalization, head_activation) if last.order == PRE else None,
            upsample=self.upsample,
            input_normalization=modules.InputNormalization if self.normalize_input else nn.Identity,
        )

    def require_runnable(self, input_shape: Shape) -> None:
        """Raise InputError if the network cannot be trained on images of this shape."""
        sizes = stage_sizes(input_shape, self.upsample, len(self.depths))[1:]
        for stage, (size, block) in enumerate(zip(sizes, self.stage_blocks, strict=True), 1):
            if not runs_on(block.normalization, size):
                raise InputError(
                    f"instance normalization cannot train on the 1x1 maps of stage {stage} at an input of "
                    f"{input_shape[1]}x{input_shape[2]}; enlarge the input or choose another normalization"
                )

    def cost(self, input_shape: Shape, num_classes: int) -> Cost:
        """Return exact params and FLOPs (see :meth:`rnas.networks.architecture.Architecture.cost`)."""
        costs = costs_of([self], input_shape, num_classes)
        return Cost(int(costs.params[0]), int(costs.flops[0]))


def costs_of(networks: Sequence[ResidualNetwork], input_shape: Shape, num_classes: int) -> Costs:
    """Return the exact costs (n,) of n >= 1 networks that differ only in depths, channels and stem width."""
    first, count = networks[0], len(networks)
    activation = first.head_activation or first.blocks[-1].activation
    columns = ResidualColumns(
        depths=np.array([network.depths for network in networks], dtype=np.int64),
        channels=np.array([network.channels for network in networks], dtype=np.int64),
        blocks=[BlockColumns.of(block, count) for block in first.stage_blocks],
        stem_width=np.array([network.stem_width for network in networks], dtype=np.int64),
        head_activation=np.full(count, ACTIVATIONS[activation].params, dtype=np.int64),
    )
    if _may_overflow(columns, input_shape, first):
        rough = residual_costs(columns.as_floats(), input_shape, first.upsample, num_classes)
        if max(rough.params.max(), rough.flops.max()) >= _LARGEST:
            raise InputError(
                f"residual network: more than {_LARGEST:.0e} FLOPs or parameters at images of {input_shape}: give "
                "fewer blocks, fewer channels or smaller images"
            )
    return residual_costs(columns, input_shape, first.upsample, num_classes)


def _may_overflow(columns: ResidualColumns, input_shape: Shape, network: ResidualNetwork) -> bool:
    """Return whether costs could exceed 64 bits, by a bound that no usual network reaches."""
    width = max(1, *(b.base_width * b.cardinality * b.scales // 160 for b in network.blocks))
    positions = input_shape[1] * input_shape[2] * network.upsample**2
    planes = max(int(columns.channels.max()), int(columns.stem_width.max()))
    return int(columns.depths.sum(axis=1).max()) * (planes * width) ** 2 * positions * 2**24 >= 2**63


def widened(
    depths: Sequence[int],
    widenings: Sequence[float],
    block: Block = BASIC,
    base_channels: Sequence[int] = BASE_CHANNELS,
) -> ResidualNetwork:
    """Return the network of these depths whose stages have the base channels times the widenings as planes.

    It raises InputError if the planes of a stage are not a whole number.
    """
    planes = [widening * base for widening, base in zip(widenings, base_channels, strict=False)]
    if any(value != int(value) for value in planes):
        raise InputError(
            f"widenings {tuple(widenings)} of {tuple(base_channels)[: len(planes)]} planes give no whole numbers"
        )
    return ResidualNetwork(tuple(depths), tuple(int(value) for value in planes), (block,))
