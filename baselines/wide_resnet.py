"""The WideResNets that studies of adversarial robustness compare with.

WRN-28-10 to WRN-70-16 after Zagoruyko, Komodakis (BMVC 2016); WRN-34-R from "Exploring Architectural Ingredients of
Adversarially Robust Deep Neural Networks" (Huang et al., NeurIPS 2021); WRN-A1 to A4 have the depths and widenings of
the RobustResNets (Huang, Lu, Deb, Boddeti, CVPR 2023) and the basic block.
"""

from rnas.errors import InputError
from rnas.networks.residual import ResidualNetwork, widened

COMPOUND_SCALINGS = {
    "a1": ((14, 14, 7), (5, 7, 3)),
    "a2": ((17, 17, 8), (7, 9, 4)),
    "a3": ((22, 22, 11), (8, 11, 5)),
    "a4": ((27, 28, 13), (10, 14, 6)),
}
"""Depths and widenings of RobustScaling at about 5, 10, 20 and 40 GFLOPs."""


def wide_resnet(depth: int, widening: int) -> ResidualNetwork:
    """WRN-``depth``-``widening``. InputError unless the depth is 6 n + 4 with n blocks in each of three stages."""
    blocks, rest = divmod(depth - 4, 6)
    if rest != 0 or blocks < 1:
        raise InputError(f"a WideResNet has no depth {depth}; write 6 n + 4, such as 28 or 34")
    return widened((blocks,) * 3, (widening,) * 3)


def wrn_34_r(scale: float = 2.0) -> ResidualNetwork:
    """WRN-34 with widenings 10, 10 and 4 times ``scale``; the published WRN-34-R has scale 2."""
    return widened((5, 5, 5), tuple(scale * widening for widening in (10, 10, 4)))


ARCHITECTURES = {
    "wrn-28-10": wide_resnet(28, 10),
    "wrn-34-10": wide_resnet(34, 10),
    "wrn-34-12": wide_resnet(34, 12),
    "wrn-46-14": wide_resnet(46, 14),
    "wrn-70-16": wide_resnet(70, 16),
    "wrn-34-r": wrn_34_r(),
    **{f"wrn-{name}": widened(*scaling) for name, scaling in COMPOUND_SCALINGS.items()},
}
"""The published networks by name."""
