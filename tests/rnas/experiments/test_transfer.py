"""Black-box transfer as a matrix."""

import pytest
import torch
from torch import nn

from rnas.errors import InputError
from rnas.experiments.evaluate import evaluate
from rnas.experiments.transfer import transfer
from rnas.report._blocks import Table
from rnas.report._transfer import blocks


def linear(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))


def test_each_cell_is_the_target_on_images_that_were_computed_on_the_source() -> None:
    networks = [linear(seed) for seed in range(3)]
    matrix = transfer(networks, data="digits", images=30)
    assert matrix.names == ("Sequential 1", "Sequential 2", "Sequential 3")
    for target, network in enumerate(networks):
        own = evaluate(network, data="digits", attacks=["pgd20"], images=30, flags=False)
        assert matrix.clean[target].value == own.clean.accuracy
        assert matrix.accuracies[target][target].value == own.attacks[0].accuracy
        for source, other in enumerate(networks):
            if source != target:
                shown = evaluate(network, data="digits", images=30, transfer=[other], flags=False, attacks=["fgsm"])
                assert matrix.accuracies[source][target].value == shown.attacks[1].accuracy
    assert len(matrix.rows()) == 9
    table = blocks(matrix)[1]
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == [*matrix.names, "none (clean)"]


def test_what_gives_no_matrix_is_refused(tmp_path: object) -> None:
    with pytest.raises(InputError, match="a matrix needs at least two networks, not 1"):
        transfer([linear(0)], data="digits")
    with pytest.raises(InputError, match="is no comparison; give its directory"):
        transfer(str(tmp_path))
