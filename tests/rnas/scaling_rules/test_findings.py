import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnas.scaling_rules._fit import Rules, fit_observations
from rnas.scaling_rules.findings import Findings, compare_with_paper, ledger_hash
from rnas.scaling_rules.observations import Observations
from rnas.scaling_rules.saved_rule import SavedRule
from rnas.utils._metric import metric_of
from tests.rnas.scaling_rules.grids import design


def scored(networks: int = 60, seed: int = 0) -> Observations:
    rng = np.random.default_rng(seed)
    depths, widths = (rng.integers(1, 8, (networks, 3)).astype(float) for _ in range(2))
    drawn = design(depths, widths)
    return drawn.with_score(np.log(drawn.flops) - 10 * drawn.depth_shares[:, 2] + 0.1 * rng.standard_normal(networks))


@pytest.fixture(scope="module")
def rules() -> Rules:
    return fit_observations(scored(), [])


def test_a_rule_is_saved_with_intervals_and_where_it_comes_from(rules: Rules, tmp_path: Path) -> None:
    found = Findings("a run", rules, None, (), "no ranking")
    found.saved_rule().save(tmp_path / "rule.json")
    saved = SavedRule.load(tmp_path / "rule.json")
    assert saved.rule == rules.rule
    assert set(saved.intervals) == {"D1", "D2", "D3", "W1", "W2", "W3", "r_D"}
    assert (saved.evaluations, saved.metric, saved.ledger) == (60, "score", ledger_hash(rules.observations))
    assert saved.source.startswith("a run, ")


def test_the_papers_estimate_stands_beside_the_models(rules: Rules) -> None:
    found = compare_with_paper("a run", rules)
    assert found.ranking is not None
    assert found.missing == ""
    published, itself = found.biases
    assert published.depth is not None
    assert published.depth.truth == (0.4, 0.4, 0.2)
    assert itself.depth is not None
    assert itself.depth.truth == pytest.approx(found.ranking.rule.depths)
    content = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert content["ranking"]["depth"]["top"]["shares"] == list(found.ranking.rule.depths)
    assert (content["kind"], content["stages"], content["evaluations"]) == ("number", 3, 60)


def test_the_quantities_of_a_rule_are_rows(rules: Rules) -> None:
    found = Findings("a run", rules, None, (), "no ranking")
    frame = found.to_pandas()
    assert list(frame.quantity) == ["D1", "D2", "D3", "W1", "W2", "W3", "r_D"]
    assert (frame.low <= frame.optimum).all()
    assert "<p>The rule of a run for score, " in found._repr_html_()


def test_where_no_level_can_be_ranked_the_rest_is_still_told() -> None:
    rng = np.random.default_rng(0)
    depths, widths = (np.repeat(rng.integers(1, 9, (40, 1)), 3, axis=1).astype(float) for _ in range(2))
    uniform = design(depths, widths)
    scores = uniform.with_score(uniform.depth_to_width + 0.1 * rng.standard_normal(40))
    found = compare_with_paper("a run", fit_observations(scores, []))
    assert [family.name for family in found.rules.families] == ["depth to width"]
    assert (found.ranking, found.biases) == (None, ())
    assert "let depths or widths vary" in found.missing
    assert found.to_dict()["ranking"]["missing"] == found.missing
    assert set(found.saved_rule().intervals) == {"r_D"}


def test_the_hash_is_of_networks_and_scores_in_any_order() -> None:
    observations = scored()
    backwards = observations[np.arange(len(observations))[::-1]]
    assert ledger_hash(observations) == ledger_hash(backwards)
    assert ledger_hash(observations) != ledger_hash(observations.with_score(observations.score + 1e-9))


def test_accuracies_are_distinguished() -> None:
    observations = scored()
    shares = replace(observations, metric="robust_accuracy", score=np.linspace(0, 1, len(observations)))
    assert [metric_of(o.metric, o.score.tolist()).kind for o in (observations, shares)] == ["number", "proportion"]
