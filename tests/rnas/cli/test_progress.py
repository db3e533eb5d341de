"""What a search says, while it runs, of how its predictions come true."""

import json
import re
from pathlib import Path

import yaml

CONFIG = {
    "space": "wide-resnet-depths",
    "evaluator": {"call": "tests.rnas.cli.scores:total_depth"},
    "objectives": [
        {"metric": "score", "direction": "maximize"},
        {"metric": "flops", "direction": "minimize"},
    ],
    "strategy": {"name": "surrogate-nsga2", "initial": 6, "predictor": "radial-basis"},
    "budget": 30,
    "workers": 0,
}
PHRASE = re.compile(r"tau (-?[.\d]+) \(last (\d+)\)(?:, top fifth (-?[.\d]+))?, 90 % intervals hold (\d+) %")


def test_quality_is_shown_live_and_kept(command, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    result = command("search", tmp_path / "config.yaml", "--run", tmp_path / "run")
    assert result.code == 0, result.err
    assert not PHRASE.search(result.err.splitlines()[6])
    tau, recent, top, held = PHRASE.findall(result.err)[-1]
    last = json.loads(command("report", tmp_path / "run", "--json").out)["surrogate"][-1]
    assert (last["after"], last["predicted"], last["evaluations"]) == (30, 22, 20)
    assert (float(tau), int(recent)) == (round(last["tau"], 2), 20)
    assert float(top) == round(last["tau_top_fifth"], 2)
    assert int(held) == round(100 * last["coverage_90"])
