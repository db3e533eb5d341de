"""An evaluation that is killed again and again ends as the one that is not."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import save_file

from rnas.networks import architecture as arch
from rnas.networks.residual import ResidualNetwork
from tests.launcher import COMMAND, Program, run
from tests.rnas.evaluation.digits_networks import trained

NETWORK = ResidualNetwork(depths=(1, 1, 1), channels=(4, 8, 8), stem_width=4)
BATCH = 3


def result(folder: Path) -> dict[str, Any]:
    """What was written, without seconds and what was asked for."""
    content: dict[str, Any] = json.loads((folder / "net.json").read_text())
    for attack in content["attacks"]:
        for part in (attack, *attack["members"]):
            del part["cost"]["seconds"]
    del content["request"]
    return content


def batches(folder: Path) -> int:
    """Return the number of batches in the state; each is stored before the next begins."""
    try:
        state = json.loads((folder / "net.state").read_text())
    except FileNotFoundError:
        return 0
    return sum(-(-step["done"] // BATCH) for step in state["steps"].values())


@pytest.mark.slow
def test_killed_at_any_instant_and_started_again(tmp_path: Path) -> None:
    network, weights = tmp_path / "net.json", tmp_path / "net.safetensors"
    network.write_text(json.dumps(arch.to_dict(NETWORK)))
    save_file(trained(lambda: NETWORK.build(10, (1, 8, 8)), 0, epochs=8, steps=3).state_dict(), weights)
    words = [network, "--weights", weights, "--data", "digits", "--images", "16", "--batch-size", str(BATCH)]
    words += ["--attacks", "square100,autoattack-fast", "--eps", "1/10", "--device", "cpu"]
    command = [COMMAND, "evaluate", *words]
    whole = tmp_path / "whole"
    run(*command, "-o", whole)
    total = batches(whole)
    # How many images each attack finds left depends on the last digits of the training, and so on the machine.
    assert total > 5

    killed = tmp_path / "killed"
    for kept in sorted({1, total // 2, total - 1}):
        process = Program(*command, "-o", killed)
        while batches(killed) < kept:
            assert process.poll() is None, "it ended before it was killed"
            time.sleep(0.01)
        process.kill()
        assert not (killed / "net.json").exists()
    run(*command, "-o", killed)
    assert result(killed) == result(whole)
    members = result(whole)["attacks"][1]["members"]
    assert [member["name"] for member in members] == ["pgd20", "apgd-ce", "apgd-t3"]
    assert members[-1]["attacked"] > 0

    # The state of this evaluation is not that of another one.
    other = run(*command, "-o", killed, "--seed", 1, check=False)
    assert other.returncode == 2
    assert other.stderr.count("\n") == 1
    assert "its seed is 0, but here it is 1" in other.stderr
