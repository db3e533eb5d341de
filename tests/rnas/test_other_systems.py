"""A search, a training and an evaluation where the system lacks what Windows lacks."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PROGRAM = """
    from tests.rnas import other_systems

    other_systems.hide()

    import rnas
    from rnas.experiment import Listener
    from rnas.networks.residual import ResidualNetwork

    other_systems.say_windows()


    class Stopping(Listener):
        def recorded(self, record):
            raise KeyboardInterrupt


    if __name__ == "__main__":
        training = {"data": "digits", "recipe": "fgsm-rs", "fidelity": {"epochs": 1, "batch_size": 32}}
        training["images"] = {"train": 64, "search_val": 32, "test": 32}
        config = {
            "space": {"name": "wide-resnet-depths", "narrow": {f"depth{stage}": [2, 3] for stage in (1, 2, 3)}},
            "evaluator": {"train": training},
            "strategy": "random",
            "budget": 2,
            "workers": 1,
        }
        config["space"]["base_channels"] = [2, 2, 2]
        found = rnas.search(config, output="search")
        print([(record.key, record.status, record.metrics) for record in found.records])
        network = ResidualNetwork((1, 1), (4, 8), stem_width=4)
        given = {"data": "digits", "attacks": ["fgsm"], "batch_size": 40}
        given["images"] = {"train": 80, "val": 40, "test": 40}
        try:
            rnas.train(network, "sat", epochs=2, output="training", listener=Stopping(), **given)
        except KeyboardInterrupt:
            print(rnas.resume("training").best.val)
        print(rnas.evaluate("training/best.safetensors", attacks=["fgsm"], images=40, output="evaluated").clean)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks at open files as Linux shows them")
def test_nothing_needs_what_windows_lacks(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(PROGRAM), encoding="utf-8")
    root = Path(__file__).parents[2]
    command = [sys.executable, "-X", "warn_default_encoding", str(script)]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert lines[0].count("complete") == 2
