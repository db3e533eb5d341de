from pathlib import Path
from typing import Any

import pytest

from rnas.errors import InputError, LedgerError
from rnas.experiment import Listener, open_experiment
from tests.rnas.experiments_small import replication


class Interrupting(Listener):
    """Stop at the first result."""

    def recorded(self, record: Any) -> None:
        raise KeyboardInterrupt


def test_without_results_it_is_said_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no results yet; resume it with: rnas resume"):
        replication(tmp_path / "new").result()


@pytest.mark.slow
def test_what_is_done_of_every_network_is_the_result_so_far(tmp_path: Path) -> None:
    experiment = replication(tmp_path / "replication")
    with pytest.raises(KeyboardInterrupt):
        experiment.run(Interrupting(), workers=0)
    with pytest.raises(InputError, match="has no results yet"):
        experiment.result()
    one = experiment.run(workers=0).to_dict()
    experiment.extend(seeds=2)
    with pytest.raises(KeyboardInterrupt):
        experiment.run(Interrupting(), workers=0)
    again = open_experiment(experiment.path).result()
    assert again.to_dict()["cells"] == one["cells"]
    assert (one["seeds"], again.to_dict()["settings"]["seeds"], len(again.rows())) == (1, 2, len(one["cells"]))
    experiment.database.unlink()
    with pytest.raises(LedgerError, match="restore it from a copy"):
        experiment.run(workers=0)
