"""The RobustResNets of "Revisiting Residual Networks for Adversarial Robustness" (Huang, Lu, Deb, Boddeti, CVPR 2023)."""

from baselines.wide_resnet import COMPOUND_SCALINGS
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK
from rnas.networks.residual import widened

ARCHITECTURES = {
    f"robust-resnet-{name}": widened(*scaling, ROBUST_RES_BLOCK) for name, scaling in COMPOUND_SCALINGS.items()
}
"""RobustResNet-A1 to A4 by name."""
