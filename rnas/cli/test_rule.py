"""``rnas test-rule``: test a run's rule out of sample."""

from pathlib import Path
from typing import Annotated

import typer

from rnas.cli.console import AsJson


def test_rule(
    search: Annotated[Path, typer.Argument(metavar="SEARCH", help="A search's directory.")],
    flops: Annotated[list[str], typer.Option(help="Budget to test at, such as 4M; several times for several.")],
    fit: Annotated[
        str, typer.Option(metavar="LOW:HIGH", help="FLOPs to fit on [default: all but the budgets tested at].")
    ] = "",
    seeds: Annotated[int, typer.Option(min=1, help="Evaluations of each network.")] = 5,
    metric: Annotated[str | None, typer.Option(help="The score [default: the first objective maximised].")] = None,
    workers: Annotated[int | None, typer.Option(min=0, help="Evaluations at once [default: the search's own].")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Directory of the test [default: SEARCH/rule-test-N].")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option(help="Measure some evaluations here, print the cost estimate, evaluate nothing.")
    ] = False,
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
    from rnas.scaling_rules.rule_test import RuleTest, rule_test_settings

    settings = rule_test_settings(search, flops, fit=fit, seeds=seeds, metric=metric)
    if dry_run:
        print_cost_estimate(RuleTest(output or search / "rule-test", settings).estimate(workers), as_json)
        return
    run_shown(RuleTest.create(settings, output), as_json, workers)
