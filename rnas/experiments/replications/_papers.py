"""Cite the papers whose experiments are replicated."""

ROBUST_RESNETS = "Huang, Lu, Deb, Boddeti: Revisiting Residual Networks for Adversarial Robustness, CVPR 2023"
ROBUST_WRN = (
    "Huang, Wang, Erfani, Gu, Bailey, Ma: Exploring Architectural Ingredients of Adversarially Robust Deep Neural "
    "Networks, NeurIPS 2021"
)
