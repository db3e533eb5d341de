"""An evaluation that is killed again and again ends as the one that is not."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import save_file

from rnas.networks import architecture as arch
from rnas.networks.residual import ResidualNetwork
from tests.rnas.evaluation.digits_networks import trained

PROGRAM = [sys.executable, "-c", "from rnas.cli import main; main()", "evaluate"]
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
    command = [*PROGRAM, *words, "--attacks", "square100,autoattack-fast", "--eps", "1/10", "--device", "cpu"]
    whole = tmp_path / "whole"
    subprocess.run([*command, "-o", whole], check=True, capture_output=True)
    total = batches(whole)
    # How many images each attack finds left depends on the last digits of the training, and so on the machine.
    assert total > 5

    killed = tmp_path / "killed"
    for kept in sorted({1, total // 2, total - 1}):
        process = subprocess.Popen(
            [*command, "-o", killed], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        while batches(killed) < kept:
            assert process.poll() is None, "it ended before it was killed"
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (killed / "net.json").exists()
    subprocess.run([*command, "-o", killed], check=True, capture_output=True)
    assert result(killed) == result(whole)
    members = result(whole)["attacks"][1]["members"]
    assert [member["name"] for member in members] == ["pgd20", "apgd-ce", "apgd-t3"]
    assert members[-1]["attacked"] > 0

    # The state of this evaluation is not that of another one.
    other = subprocess.run([*command, "-o", killed, "--seed", "1"], capture_output=True, text=True, check=False)
    assert other.returncode == 2
    assert other.stderr.count("\n") == 1
    assert "its seed is 0, but here it is 1" in other.stderr
