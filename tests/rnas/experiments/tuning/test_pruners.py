"""Pruners by name."""

import pytest
from optuna.pruners import HyperbandPruner, MedianPruner, NopPruner

from rnas.experiments.tuning._pruners import make_pruner


@pytest.mark.parametrize(
    ("name", "kind"), [("median", MedianPruner), ("hyperband", HyperbandPruner), ("none", NopPruner)]
)
def test_names(name: str, kind: type) -> None:
    assert all(isinstance(make_pruner(name, epochs), kind) for epochs in (1, 2, 200))
