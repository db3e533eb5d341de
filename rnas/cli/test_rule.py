"""``rnas test-rule``: test a run's rule out of sample."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rnas.cli.console import AsJson, DryRun, Track, output_option
from rnas.cli.options import Setting, with_settings
from rnas.scaling_rules._rule_test_settings import RuleTestSettings


@with_settings(
    RuleTestSettings,
    Setting("flops", repeated=True),
    Setting("fit", default="all of them", metavar="LOW:HIGH"),
    "seeds",
    "metric",
)
def test_rule(
    *,
    search: Annotated[Path, typer.Argument(metavar="SEARCH", help="A search's directory.")],
    settings: dict[str, Any],
    workers: Annotated[int | None, typer.Option(min=0, help="Evaluations at once [default: the search's own].")] = None,
    output: Annotated[Path | None, output_option("SEARCH/rule-test-N")] = None,
    dry_run: DryRun = False,
    track: Track = None,
    as_json: AsJson = False,
) -> None:
    """Test the rule of a search where it was not fitted.

    The rule is fitted without the budgets that it is tested at. What it predicts there is written to
    prediction-HASH.json in the test's directory, before anything is evaluated. Then its network, RobustScaling's, a
    uniform one and the best searched one, all within 5 % of the budget, are evaluated with new seeds. A test that was
    stopped is resumed by rnas resume.

    Examples:

      rnas test-rule runs/robust-resnet-1 --flops 4M

      rnas test-rule runs/robust-resnet-1 --flops 4M --flops 8M --fit 500K:2M --seeds 3
    """
    from rnas.cli.cost_estimate import print_cost_estimate
    from rnas.cli.progress import run_shown
    from rnas.scaling_rules.rule_test import RuleTest
    from rnas.utils._yaml_files import checked

    resolved = checked(RuleTestSettings, {"search": search, **settings}, "test-rule")
    if dry_run:
        print_cost_estimate(RuleTest(output or search / "rule-test", resolved).estimate(workers), as_json)
        return
    run_shown(RuleTest.create(resolved, output), as_json, workers, track)
