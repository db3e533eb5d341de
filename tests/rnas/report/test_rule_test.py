"""The page of a test of a rule."""

from pathlib import Path

from rnas.report.rule_test import write
from tests.rnas.scaling_rules.test_out_of_sample import ALIKE, OURS, result


def test_the_page_holds_predictions_and_measurements(tmp_path: Path) -> None:
    noisy = [0.41, 0.36, 0.37, 0.36, 0.35]
    found = result(ALIKE, rule=OURS, robust_scaling=[0.3, 0.2], uniform=noisy)
    write(found, tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert f"Prediction {found.prediction.hash}." in page
    assert "gain of the rule over" in page
    assert "1 of 3 measured scores lie in their predicted interval." in page
    assert "uniform, searched" in page
