"""``rnas search``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from rnas.cli.console import AsJson, DryRun, Track, loading, output_option, say, stderr
from rnas.cli.executors import Address, Executor, merge
from rnas.cli.options import Setting, with_settings
from rnas.evaluation.training_settings import TrainingSettings
from rnas.nas.config import SearchConfig
from rnas.nas.space import SpaceSettings


def _settings(*names: str) -> Iterator[Setting]:
    # What holds where an option is not given is what the config or the preset says.
    return (Setting(name, shows_default=False) for name in names)


@with_settings(
    SearchConfig, *_settings("space", "strategy", "budget", "hours", "seed", "workers", "storage"), into="search"
)
@with_settings(TrainingSettings, *_settings("data", "data_dir", "recipe", "eps"), into="training")
@with_settings(SpaceSettings, *_settings("flops", "params"), into="bands")
def search(
    *,
    config: Annotated[Path | None, typer.Argument(help="A YAML config; see rnas presets for some.")] = None,
    preset: Annotated[str | None, typer.Option(help="Start from a preset instead of a config.")] = None,
    search: dict[str, Any],
    training: dict[str, Any],
    bands: dict[str, Any],
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="Set any key of the config: KEY=VALUE. May be repeated.")
    ] = None,
    output: Annotated[Path | None, output_option("runs/SPACE-N")] = None,
    executor: Executor = None,
    address: Address = None,
    dry_run: DryRun = False,
    track: Track = None,
    as_json: AsJson = False,
) -> None:
    """Search for robust architectures.

    Without CONFIG and --preset it starts from the preset of the space's name, digits-bench, or else from the one for
    the data: digits, folder, or else cifar10-smoke. Options change what the config or preset says.

    Examples:

      rnas search

      rnas search --space digits-bench

      rnas search --data cifar10 --data-dir data --flops 20M:60M --budget 40

      rnas search my.yaml --set evaluator.train.fidelity.epochs=4 --dry-run
    """
    with loading():
        import torch

        from rnas.cli import merging
        from rnas.cli.cost_estimate import print_cost_estimate
        from rnas.cli.progress import run_shown
        from rnas.cli.train import tensor_core_note
        from rnas.nas.evaluators.adversarial_training import AdversarialTrainingSettings
        from rnas.nas.search import Search

        content, folder, source = merging.merged(config, preset, {**search, **training, **bands}, assignments or [])
        merge(content, executor, address)
        parsed = SearchConfig.parse(content, source)
        created = None if dry_run else Search.create(parsed, output, folder=folder, source=source)
    if created is None:
        print_cost_estimate(Search.draft(parsed, output, folder=folder, source=source).estimate(), as_json)
        return
    settings = created.setup.evaluator.settings
    if isinstance(settings, AdversarialTrainingSettings) and parsed.device != "cpu" and torch.cuda.is_available():
        note = tensor_core_note("cuda", settings.train.recipe, "evaluator.train.recipe")
        if note:
            say(stderr(), note)
    run_shown(created, as_json, track=track)
