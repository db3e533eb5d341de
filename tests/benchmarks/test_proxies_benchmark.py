import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from search_spaces.digits_bench import INPUT_SHAPE, NUM_CLASSES, DigitsBenchSettings, DigitsBenchSpace

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "search" / "proxies.py"


@pytest.mark.slow
def test_where_flops_and_noise_are_all_there_is_no_proxy_adds(tmp_path: Path) -> None:
    space, rng = DigitsBenchSpace(DigitsBenchSettings(), INPUT_SHAPE, NUM_CLASSES), np.random.default_rng(0)
    genomes = space.sample(64, rng)
    flops = space.cost(genomes).flops
    accuracy = 0.1 * np.log(flops) + rng.normal(scale=0.02, size=len(flops))
    table = tmp_path / "table.csv.gz"
    with gzip.open(table, "wt") as file:
        writer = csv.writer(file)
        writer.writerow(["architecture", "flops", "robust_accuracy"])
        rows = zip(genomes, flops, accuracy, strict=True)
        writer.writerows(["".join(map(str, genome)), cost, value] for genome, cost, value in rows)
        writer.writerow(["00000000", flops.min(), ""])
    arguments = ["--table", str(table), "--images", "8", "--seeds", "1", "--json", str(tmp_path / "found.json")]
    subprocess.run([sys.executable, str(SCRIPT), *arguments], check=True, capture_output=True, cwd=SCRIPT.parents[2])
    found = json.loads((tmp_path / "found.json").read_text())["digits-bench"]
    assert found["networks"] == 64
    assert found["bar"]["flops"]["tau"] > 0.8
    assert found["between_trainings"] is None
    assert {"naswot", "synflow"} <= found["proxies"].keys()
    for proxy in found["proxies"].values():
        assert not any(proxy[to]["adds"] for to in ("to_flops", "to_flops_and_params", "to_the_surrogate"))
        assert proxy["to_flops"]["without"] > 0.7
    assert found["fitted_to_few"].keys() == {"15", "30"}
