"""``rnas search`` and ``rnas resume``."""

import shlex
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnas.cli.interruption import interruptible
from rnas.cli.output import AsJson, print_json, stderr, stdout

if TYPE_CHECKING:
    from rnas.api import ListenerFactory
    from rnas.run import Run
    from rnas.run_directory import RunDirectory


def search(
    config: Annotated[Path | None, typer.Argument(help="A YAML config; see rnas presets for some.")] = None,
    preset: Annotated[str | None, typer.Option(help="Start from a preset instead of a config.")] = None,
    space: Annotated[str | None, typer.Option(help="Search space; see rnas spaces.")] = None,
    data: Annotated[
        str | None, typer.Option(help="Images to train on, such as digits or cifar10; see rnas doctor.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder that holds the images' files.")] = None,
    recipe: Annotated[str | None, typer.Option(help="Training recipe; see rnas recipes.")] = None,
    eps: Annotated[str | None, typer.Option(help="Radius of the attack, such as 8/255.")] = None,
    flops: Annotated[str | None, typer.Option(help="Band of FLOPs, such as 150M:250M.")] = None,
    params: Annotated[str | None, typer.Option(help="Band of parameters, such as :1M.")] = None,
    budget: Annotated[int | None, typer.Option(help="Evaluations in all.")] = None,
    hours: Annotated[float | None, typer.Option(help="Start nothing new after so many hours.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    strategy: Annotated[str | None, typer.Option(help="surrogate-nsga2, nsga2, random, or another by name.")] = None,
    workers: Annotated[int | None, typer.Option(help="Evaluations at once; 0 runs them in this process.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="Set any key of the config: KEY=VALUE. May be repeated.")
    ] = None,
    run: Annotated[Path | None, typer.Option(help="Directory of the new run [default: runs/SPACE-N].")] = None,
    dry_run: Annotated[bool, typer.Option(help="Measure one evaluation here, print the bill, search nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Search for robust architectures.

    Without CONFIG and --preset it starts from the preset of the space's name, digits-bench, or else from the one for
    the data: digits, or cifar10-smoke. Options change what the config or preset says.

    Examples:

      rnas search

      rnas search --space digits-bench

      rnas search --data cifar10 --data-dir data --flops 20M:60M --budget 40

      rnas search my.yaml --set evaluator.train.fidelity.epochs=4 --dry-run
    """
    from rnas import api
    from rnas.cli import merging
    from rnas.config import Config, resolve

    given = merging.Options(space, data, data_dir, recipe, eps, flops, params, budget, hours, seed, strategy, workers)
    content, folder, source = merging.merged(config, preset, given, assignments or [])
    if dry_run:
        from rnas.cli.bill import bill, print_bill

        estimate = bill(resolve(Config.parse(content, source), folder, source))
        if as_json:
            print_json(estimate)
        else:
            print_bill(estimate)
        return
    setup, directory = api.prepare(content, folder, source, run)
    _carry_on(
        directory, lambda listener, finals: api.carry_on(directory, setup, listener, final_listener=finals), as_json
    )


def resume(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of a run.")],
    budget: Annotated[int | None, typer.Option(help="Evaluations in all; extends a finished run.")] = None,
    workers: Annotated[int | None, typer.Option(help="Evaluations at once, for this time only.")] = None,
    as_json: AsJson = False,
) -> None:
    """Go on with a run that was stopped, or extend a finished one.

    The result is the one that the search would have had without the stop.
    """
    from rnas import api
    from rnas.run_directory import RunDirectory

    where = RunDirectory(directory)
    _carry_on(
        where,
        lambda listener, finals: api.resume(
            directory, budget=budget, workers=workers, listener=listener, final_listener=finals
        ),
        as_json,
    )


def _carry_on(
    directory: "RunDirectory", go: "Callable[[ListenerFactory, ListenerFactory], Run]", as_json: bool
) -> None:
    from rnas.cli.finals import finals_lines, finals_table
    from rnas.cli.progress import LiveView
    from rnas.quantities import counted
    from rnas.report.table import front_table

    console = stderr()
    with interruptible(console, "resume", directory.path), ExitStack() as stack:

        def listener(setup: Any, ledger: Any, slots: int) -> LiveView:
            done = len(ledger)
            console.print(
                f"{directory.path}: {setup.config.strategy['name']} over {setup.space.name}, "
                f"{counted(setup.config.budget, 'evaluation')}{f', {done} of them proposed before' if done else ''}, "
                f"{slots} at once",
                highlight=False,
                soft_wrap=True,
            )
            return stack.enter_context(LiveView(console, setup, ledger, slots))

        run = go(listener, lambda setup, ledger, slots: finals_lines(console, ledger))
    if as_json:
        print_json(run.to_dict())
        return
    complete = len(run.complete)
    unspent = run.setup.config.budget - run.spent
    if unspent > run.setup.evaluator.rungs[-1].share or any(record.evaluation is None for record in run.records):
        console.print(
            f"ended with {complete} of {counted(run.setup.config.budget, 'evaluation')}: the time was up, or the space "
            f"holds no more; go on with: rnas resume {shlex.quote(str(directory.path))}",
            highlight=False,
            soft_wrap=True,
        )
    if run.records and not complete:
        console.print("no evaluation was completed; the reasons are above and in the report", soft_wrap=True)
        raise typer.Exit(1)
    content = run.to_dict()
    stdout().print(front_table(content))
    if content["finals"]:
        stdout().print(finals_table(content))
    stdout().print(f"Report: {directory.report}", highlight=False, soft_wrap=True)
