"""Every registered block type keeps the contract of one."""

import pytest

from rnas import registry
from rnas.testing.block import BlockConformance


class TestRegisteredBlocks(BlockConformance):
    topology: str

    @pytest.fixture(autouse=True, params=registry.names(registry.BLOCKS))
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.topology = request.param

    def block(self) -> str:
        return self.topology
