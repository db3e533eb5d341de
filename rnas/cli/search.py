"""``rnas search``, and ``rnas resume`` of a search."""

import shlex
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rnas.cli.interruption import interruptible
from rnas.cli.output import AsJson, print_json, stderr, stdout

if TYPE_CHECKING:
    from rnas.api import ListenerFactory
    from rnas.nas.config import Setup
    from rnas.nas.directory import RunDirectory
    from rnas.nas.ledger import Ledger, Record
    from rnas.nas.run import Run

_ROUNDING = 1e-9


def _above_zero(value: float | None) -> float | None:
    if value is not None and not value > 0:
        raise typer.BadParameter(f"Input should be greater than 0, not {value:g}")
    return value


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
    budget: Annotated[int | None, typer.Option(min=1, help="Evaluations in all.")] = None,
    hours: Annotated[
        float | None,
        typer.Option(callback=_above_zero, help="Start nothing new after so many hours."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**31 - 1, help="Seed of everything random.")] = None,
    strategy: Annotated[str | None, typer.Option(help="surrogate-nsga2, nsga2, random, or another by name.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Evaluations at once; 0 runs them in this process.")
    ] = None,
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
    from rnas.nas.config import Config, resolve

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


def resume(directory: Path, budget: int | None, workers: int | None, as_json: bool) -> None:
    """Go on with a search that was stopped, or extend a finished one."""
    from rnas import api
    from rnas.nas.directory import RunDirectory

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
    from rnas.cli.counted_lines import CountedLines
    from rnas.cli.finals import finals_lines, finals_table
    from rnas.cli.live_view import LiveView
    from rnas.report.table import front_table
    from rnas.utils.quantities import counted

    console = stderr()
    views: list[LiveView] = []

    def kept() -> str:
        return f"{counted(views[0].finished, 'evaluation')} kept" if views else ""

    started = time.monotonic()
    judging: list[float] = []
    with interruptible(console, "resume", directory.path, kept), ExitStack() as stack:

        def listener(setup: "Setup", ledger: "Ledger", slots: int) -> LiveView:
            views.append(LiveView(console, setup, ledger, slots))
            console.print(
                f"{directory.path}: {setup.config.strategy['name']} over {setup.space.name}, "
                f"{counted(setup.config.budget, 'evaluation')}{_before(ledger.records)}, {slots} at once",
                highlight=False,
                soft_wrap=True,
            )
            return stack.enter_context(views[0])

        def final_listener(setup: "Setup", ledger: "Ledger", slots: int) -> CountedLines:
            judging.append(time.monotonic())
            return finals_lines(console, ledger)

        run = go(listener, final_listener)
    if as_json:
        print_json(run.to_dict())
        return
    short = shortfall(run, directory.path, (judging or [time.monotonic()])[0] - started)
    if short is not None:
        console.print(short, highlight=False, markup=False, soft_wrap=True)
    if run.records and not run.complete:
        console.print("no evaluation was completed; the reasons are above and in the report", soft_wrap=True)
        raise typer.Exit(1)
    content = run.to_dict()
    stdout().print(front_table(content))
    if content["finals"]:
        stdout().print(finals_table(content))
    stdout().print(f"Report: {directory.report}", highlight=False, soft_wrap=True)


def _before(records: "Sequence[Record]") -> str:
    """What of a search was done at earlier times."""
    finished = sum(record.evaluation is not None for record in records)
    begun = len(records) - finished
    words = f", {finished} of them finished before" if records else ""
    return f"{words}, {begun} begun before and started over" if begun else words


def shortfall(run: "Run", path: Path, seconds: float) -> str | None:
    """Why a search ended before its budget was spent, in a line with what to do; None where it was spent.

    Args:
        run: that ended, uninterrupted.
        path: of its directory.
        seconds: how long it searched, this time.
    """
    from rnas.utils.quantities import Band, counted

    config = run.setup.config
    waiting = any(record.evaluation is None for record in run.records)
    # Any further evaluation costs at most 1 of the budget.
    if not waiting and config.budget - run.spent < 1 - _ROUNDING:
        return None
    ended = f"ended with {len(run.complete)} of {counted(config.budget, 'evaluation')}: "
    if waiting or (config.hours is not None and seconds >= 3600 * config.hours):
        return f"{ended}the time was up; go on with: rnas resume {shlex.quote(str(path))}"
    settings = run.setup.space.settings
    banded = [name for name in ("flops", "params") if getattr(settings, name) != Band()]
    fixes = [f"widen {' and '.join(f'space.{name}' for name in banded)}"] if banded else []
    fixes += ["narrow less"] if settings.narrow else []
    inside = " inside its bands" if banded else ""
    number = len({record.key for record in run.records})
    fix = f": {', or '.join(fixes)}, in a new search" if fixes else ""
    return f"{ended}the space holds no more than these {number}{inside}{fix}"
