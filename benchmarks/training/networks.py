"""Define the timed networks, for images of 3x32x32 and ten classes."""

from baselines.robust_resnet import ARCHITECTURES as ROBUST_RESNETS
from baselines.wide_resnet import ARCHITECTURES as WIDE_RESNETS
from rnas.networks.block import Block
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK
from rnas.networks.residual import ResidualNetwork

SHAPE = (3, 32, 32)
CLASSES = 10


def candidate(block: Block, depth: int = 2, width: int = 16) -> ResidualNetwork:
    """Return a network as in a search: three stages of blocks, given the planes of the first."""
    return ResidualNetwork((depth,) * 3, (width, 2 * width, 4 * width), (block,))


CANDIDATES = {
    "basic": candidate(Block()),
    "bottleneck": candidate(Block("bottleneck")),
    "inverted-bottleneck": candidate(Block("inverted-bottleneck")),
    "robust-res-block": candidate(ROBUST_RES_BLOCK),
    "no-residual": candidate(Block("no-residual")),
}
"""Networks of each topology, with 17 to 35 MFLOPs; the RobustResBlock has its squeeze-and-excitation."""

PUBLISHED = {
    "wrn-28-10": WIDE_RESNETS["wrn-28-10"],
    "robust-resnet-a1": ROBUST_RESNETS["robust-resnet-a1"],
}
"""Networks of about 5 GFLOPs."""

NETWORKS = CANDIDATES | PUBLISHED
