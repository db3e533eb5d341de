"""The space robust-resnet: conformance in several shapes and settings, and the rules of its canonical form."""

import time
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from rnas.architecture import Shape
from rnas.cost import measured_cost
from rnas.errors import InputError
from rnas.networks.block import Block
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK
from rnas.networks.residual import ResidualNetwork
from rnas.testing.search_space import SearchSpaceConformance
from search_spaces.robust_resnet import RobustResNetSettings, RobustResNetSpace


def make(shape: Shape = (3, 32, 32), **settings: Any) -> RobustResNetSpace:
    return RobustResNetSpace(RobustResNetSettings(**settings), shape, 10)


class TestDefault(SearchSpaceConformance):
    def make(self, **settings: Any) -> RobustResNetSpace:
        return make(**settings)


class TestBlocksPerStage(SearchSpaceConformance):
    def make(self, **settings: Any) -> RobustResNetSpace:
        return make((1, 8, 8), blocks_per_stage=True, depths=(1, 2, 3), widths=(0.25, 0.5, 1), **settings)
