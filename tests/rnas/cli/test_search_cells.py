"""``rnas search-cells``."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import rnas
from tests.rnas.cli.conftest import Result

TINY = (
    *("--epochs", "1", "--images", "32", "--batch-size", "16", "--channels", "2"),
    *("--derived-layers", "4", "--derived-channels", "2", "--device", "cpu"),
)


@pytest.mark.slow
def test_a_search_is_shown_and_its_network_is_named_by_its_directory(
    command: Callable[..., Result], tmp_path: Path
) -> None:
    path = tmp_path / "cells"
    done = command("search-cells", "darts", *TINY, "--output", path)
    assert done.code == 0, done.err
    assert "cells by darts (order 1" in done.err
    assert "1/1  loss" in done.err
    assert f"Network: {path / 'architecture.json'}; report: {path / 'report.html'}" in done.out
    result = rnas.open_experiment(path).result()
    assert repr(result).startswith(f"<CellSearchResult {path}: complete, Genotype(normal=[(")
    assert "reduction" in result._repr_html_()
    assert len(result.rows()) == 1
    content = json.loads(command("resume", path, "--json").out)
    assert content == result.to_dict()
    assert content["cost"]["images_forward"] == content["cost"]["images_backward"] == 2 * 16
    exported = command("export", path, "--format", "safetensors", "--output", tmp_path / "net.safetensors")
    assert exported.code == 0, exported.err
    assert "untrained" in exported.out


def test_its_time_is_estimated(command: Callable[..., Result]) -> None:
    done = command("search-cells", "racl", *TINY, "--dry-run")
    assert done.code == 0, done.err
    assert "an epoch" in done.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nosuch"], "unknown cell search 'nosuch'; known: advrush, darts, racl"),
        (["darts", "--set", "method.order=3"], "order: input should be 1 or 2, not 3"),
        (["advrush", "--set", "method.order=2"], "order: input should be 1, not 2"),
        (["racl", "--set", "method.confidence=1"], "confidence"),
        (["racl", "--set", "method.name=darts"], "method.name=darts is another method than racl, the argument"),
        (["darts", "--set", "method.width=3"], "width: unknown key; it has order, learning_rate"),
        (["darts", "--images", "1"], "images.train is 1; a search for cells divides at least 2 images"),
        (["darts", "--recipe", "aat"], "extra images are for trainings"),
        (["darts", "--set", "recipe.numerics.compile=true"], "compile and cuda_graphs are for trainings"),
        (["darts", "--set", "attacks=fgsm"], "attacks: unknown key"),
        (["rnas.errors:InputError"], "it must be a subclass of CellSearchMethod"),
    ],
)
def test_bad_input(command: Callable[..., Result], tmp_path: Path, words: list[str], message: str) -> None:
    done = command("search-cells", *words, "--output", tmp_path / "cells")
    assert done.code == 2
    assert message in done.err
    assert len(done.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
