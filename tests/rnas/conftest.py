"""A finished run that others read."""

import pytest

import rnas
from rnas.nas.result import SearchResult

SEARCH = {
    "space": {"name": "wide-resnet-depths", "narrow": {"depth1": [2, 3], "depth2": [2, 3, 4]}},
    "evaluator": {"call": "tests.rnas.cli.scores:total_depth"},
    "objectives": [
        {"metric": "score", "direction": "maximize"},
        {"metric": "flops", "direction": "minimize"},
    ],
    "strategy": "random",
    "budget": 12,
    "workers": 0,
}


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    """Twelve networks, each scored by its depth, in a directory of its own."""
    return rnas.search(SEARCH, output=tmp_path_factory.mktemp("runs") / "of:depths")
