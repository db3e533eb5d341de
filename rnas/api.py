"""Searching and training from Python: the same nouns as the command line."""

import json
import math
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from multiprocessing import parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnas.errors import InputError
from rnas.nas import directory as run_directory
from rnas.nas.campaign import evaluate_all
from rnas.nas.config import Config, Finals, Setup, resolve
from rnas.nas.directory import RunDirectory
from rnas.nas.evaluators.evaluator import EvaluatesFinally
from rnas.nas.execution.executor import Executor
from rnas.nas.execution.local import devices, local_executor
from rnas.nas.fidelity_study import LEDGER, LadderStudy, ladder_study, ladder_tasks
from rnas.nas.final_evaluation import ledger_of, tasks_of
from rnas.nas.ledger import Ledger
from rnas.nas.listener import Listener, Silent
from rnas.nas.loop import Loop, spent
from rnas.nas.presets import preset, preset_of
from rnas.nas.run import Run
from rnas.utils.directories import next_free, require_free
from rnas.utils.files import write_text
from rnas.utils.quantities import Band, parse_band, parse_size
from rnas.utils.yaml_files import read_mapping

if TYPE_CHECKING:
    from rnas.scaling_rules.out_of_sample import HeldOut
    from rnas.scaling_rules.prediction import Prediction

ListenerFactory = Callable[[Setup, Ledger, int], Listener]
"""Made from setup, ledger and number of slots, once a search starts."""


def search(
    config: Config | Mapping[str, Any] | Path | str | None = None,
    *,
    run: Path | str | None = None,
    listener: ListenerFactory = lambda setup, ledger, slots: Silent(),
    **changes: Any,
) -> Run:
    """Search, and return the finished run.

    Args:
        config: a Config, a mapping, or the path of a YAML file; None is the preset of the name of ``changes["space"]``
            where there is one, such as ``digits-bench``, else the preset ``digits``.
        run: directory of the new run; None makes ``runs/<space>-<n>``.
        listener: makes what is told of progress.
        **changes: top-level keys of the config to set otherwise, such as ``budget=20``.

    Raises:
        InputError: the configuration is wrong, or the run's directory exists.
    """
    own = preset(preset_of(changes.get("space")) or "digits") if config is None else config
    content, folder, source = _content(own)
    setup, directory = prepare({**content, **changes}, folder, source, run)
    return carry_on(directory, setup, listener)


def prepare(content: Any, folder: Path, source: str, run: Path | str | None) -> tuple[Setup, RunDirectory]:
    """Resolve a configuration and make the directory of its run; nothing is evaluated yet.

    Args:
        content: a config as a mapping.
        folder: where its relative paths start.
        source: what to call it in messages.
        run: directory of the new run; None makes ``runs/<space>-<n>``.
    """
    if parent_process() is not None:
        raise InputError('a script that searches needs its call under if __name__ == "__main__":')
    config = Config.parse(content, source)
    path = Path(run) if run is not None else next_free(config.space["name"])
    require_free(path)
    name = config.name or path.name
    if config.storage is not None:
        # Runs of one name from several folders may share a database.
        name = f"{name}-{secrets.token_hex(4)}"
        run_directory.connected(config.storage).engine.dispose()
    devices(config.device, config.workers)
    setup = resolve(config.model_copy(update={"name": name}), folder, source)
    return setup, run_directory.create(path, setup)


def _content(config: Config | Mapping[str, Any] | Path | str) -> tuple[Mapping[str, Any], Path, str]:
    """A configuration from wherever it comes, the folder of its relative paths, and its name for messages."""
    if isinstance(config, Path | str):
        path = Path(config)
        return read_mapping(path), path.parent, str(path)
    if isinstance(config, Config):
        config = config.model_dump(mode="json", exclude_none=True)
    return config, Path(), "config"


def resume(
    path: Path | str,
    *,
    budget: int | None = None,
    workers: int | None = None,
    listener: ListenerFactory = lambda setup, ledger, slots: Silent(),
    final_listener: ListenerFactory = lambda setup, ledger, slots: Silent(),
) -> Run:
    """Go on with a run that was stopped, or extend one that is finished.

    Args:
        path: the run's directory.
        budget: evaluations in all; None keeps the run's own. The larger is kept in the run.
        workers: evaluations at once, for this time only; None keeps the run's own.
        listener: makes what is told of progress.

    Raises:
        InputError: this is no run, or the budget is smaller than what the ledger holds.
        LedgerError: the ledger is damaged.
    """
    directory = RunDirectory(Path(path))
    setup = directory.setup()
    given = {"workers": workers, "budget": budget}
    changes = {key: value for key, value in given.items() if value is not None}
    config = Config.parse({**setup.config.model_dump(mode="json"), **changes}, "resume")
    return carry_on(directory, replace(setup, config=config), listener, setup.config, final_listener)


def carry_on(
    directory: RunDirectory,
    setup: Setup,
    listener: ListenerFactory,
    kept: Config | None = None,
    final_listener: ListenerFactory = lambda setup, ledger, slots: Silent(),
) -> Run:
    """Search from what the run's ledger holds until its budget, and write the derived files.

    Args:
        directory: of the run.
        setup: with the budget and the workers of this time.
        listener: makes what is told of progress.
        kept: the configuration in the directory, whose budget grows to this time's; None is the setup's.
        final_listener: makes what is told of final evaluations, where the configuration asks for them.
    """
    config = setup.config
    with directory.writing(setup) as ledger:
        done = spent(ledger.records, setup.evaluator.rungs)
        if config.budget < math.floor(done + 1e-9):
            raise InputError(f"budget {config.budget} is less than the {done:g} evaluations that the run holds")
        if kept is not None and config.budget > kept.budget:
            directory.keep(kept.model_copy(update={"budget": config.budget}))
        until = float("inf") if config.hours is None else time.monotonic() + 3600 * config.hours
        try:
            with executor_for(setup, directory.checkpoints, config.time_limit) as executor:
                Loop(
                    problem=setup.problem,
                    strategy=setup.strategy,
                    ledger=ledger,
                    executor=executor,
                    seed=config.seed,
                    batch_size=config.batch_size,
                    lookahead=0 if setup.evaluator.instant else 1,
                    rungs=setup.evaluator.rungs,
                    promote=config.promote,
                    listener=listener(setup, ledger, executor.slots),
                ).run(config.budget, until)
        finally:
            run = Run.of(setup, ledger, directory)
        run.write()
        if config.finals is not None and all(record.evaluation is not None for record in run.records):
            try:
                _judge(run, ledger, config.finals, until, final_listener)
            finally:
                run = Run.of(setup, ledger, directory)
                run.write()
    return run


def _judge(run: Run, ledger: Ledger, finals: Finals, until: float, listener: ListenerFactory) -> None:
    """Train the front again with other seeds, and attack it for good."""
    setup, directory = run.setup, run.directory
    judged = ledger_of(ledger, setup, finals)
    assert directory is not None
    assert judged is not None
    assert isinstance(setup.evaluator, EvaluatesFinally)
    judging = replace(setup, evaluator=setup.evaluator.finally_by(finals.attacks))
    tasks = tasks_of(run.front(), setup, finals)
    with executor_for(judging, directory.finals) as executor:
        evaluate_all(tasks, setup.problem, judged, executor, listener(judging, judged, executor.slots), until)


def ladder_directory(source: Path | str, run: Path | str | None = None) -> RunDirectory:
    """The run whose ladder is to be measured: one that is there, or a new one from a config file."""
    path = Path(source)
    if (path / "config.yaml").is_file():
        if run is not None:
            raise InputError(f"{path} is a run already; leave --run out")
        return RunDirectory(path)
    return prepare(read_mapping(path), path.parent, str(path), run)[1]


def measure_ladder(
    directory: RunDirectory,
    architectures: int = 120,
    bands: int = 2,
    seeds: int = 2,
    listener: ListenerFactory = lambda setup, ledger, slots: Silent(),
) -> LadderStudy:
    """Train networks at every rung of a run's ladder with several seeds, and say what the lower rungs are worth.

    Stopped and called again it goes on. The figures are written to ``ladder.json``.

    Args:
        directory: of the run.
        architectures: how many networks, drawn from the space, stratified over log FLOPs.
        bands: of FLOPs, within which networks are compared.
        seeds: trainings of each network at each rung.
        listener: makes what is told of progress.

    Raises:
        InputError: the run's evaluator has no ladder, or nothing is maximised.
    """
    setup = directory.setup()
    if all(objective.direction == "minimize" for objective in setup.problem.objectives):
        raise InputError(f"{directory.path}: nothing is maximised, so that there is no score to rank networks by")
    tasks = ladder_tasks(setup, architectures, seeds)
    with directory.writing(setup) as ledger:
        own = ledger.companion(LEDGER, setup.config.fingerprint)
        with executor_for(setup, seconds=setup.config.time_limit) as executor:
            records = evaluate_all(tasks, setup.problem, own, executor, listener(setup, own, executor.slots))
        study = ladder_study(setup, tasks, records, bands)
        write_text(directory.ladder, json.dumps(study.to_dict(), indent=2) + "\n")
        Run.of(setup, ledger, directory).write()
    return study


def hold_out(
    run: Path | str,
    flops: int | str | Sequence[int | str] = (),
    *,
    fit: Band | str = "",
    seeds: int = 5,
    metric: str | None = None,
    foretold: Callable[["Prediction", Path], None] = lambda prediction, path: None,
    listener: ListenerFactory = lambda setup, ledger, slots: Silent(),
) -> "HeldOut":
    """Put the rule of a run at risk: foretell scores at budgets that it is not fitted on, and then evaluate there.

    The prediction is written to ``held_out/prediction-HASH.json`` before anything is evaluated, and never changed
    after. Stopped and called again, without budgets, it goes on. The result is written to ``held_out.json``.

    Args:
        run: directory of a search over residual networks.
        flops: one budget or several to hold out, such as ``("4M", "8M")``; none goes on with what is foretold already.
        fit: band of FLOPs to fit on, such as ``"1M:3M"``; empty is all that is not within 5 % of a held-out budget.
        seeds: evaluations of each network, none with the search's own seed; one where results are looked up.
        metric: the score; None is the first objective that is maximised.
        foretold: is told of the prediction and its file before anything is evaluated.
        listener: makes what is told of progress.

    Raises:
        InputError: too few evaluations to fit, no network at a budget, or a prediction that was changed, or that
            another would take the place of once its networks are evaluated.
    """
    # The fit of rules takes its time to import, and nothing else here needs it.
    from rnas.scaling_rules import out_of_sample as held

    directory = RunDirectory(Path(run))
    setup = directory.setup()
    folder = directory.path / held.FOLDER
    band = parse_band(fit) if fit else Band()
    named = (flops,) if isinstance(flops, int | str) else flops
    budgets = tuple(sorted(map(parse_size, named)))
    with directory.writing(setup) as ledger:
        searched = Run.of(setup, ledger, directory)
        prediction = held.settled(searched, folder, ledger, budgets, band, seeds, metric)
        own = held.ledger_of(ledger, setup, prediction)
        foretold(prediction, folder / prediction.file_name)
        problem = held.problem_of(setup, prediction)
        with executor_for(setup, seconds=setup.config.time_limit) as executor:
            tasks = held.tasks_of(setup, prediction)
            records = evaluate_all(tasks, problem, own, executor, listener(setup, own, executor.slots))
        result = held.held_out(prediction, records, held.notes_of(setup))
        write_text(directory.path / held.RESULT, held.as_text(result))
    return result


def executor_for(
    setup: Setup, folder: Path | None = None, seconds: float | None = None
) -> AbstractContextManager[Executor]:
    """Within, the executor that a configuration asks for; see :func:`rnas.nas.execution.local.local_executor`."""
    config = setup.config
    return local_executor(setup.evaluator, config.workers, folder, device=config.device, seconds=seconds)
