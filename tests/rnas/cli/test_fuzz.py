"""Whatever a file or a command line holds: a valid outcome or an error of one line, never a traceback or a hang."""

import json
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from copy import deepcopy
from functools import cache
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnas.cli import main
from rnas.errors import RnasError
from rnas.nas.config import SearchConfig
from rnas.nas.presets import preset
from rnas.nas.result import SearchResult
from rnas.nas.search import Search
from rnas.networks import architecture as arch
from rnas.networks.zoo import baselines
from rnas.report._drawing import draw
from rnas.training.recipe import Recipe
from rnas.utils._json_files import parse_json
from rnas.utils._yaml_files import read_mapping

pytestmark = pytest.mark.slow

CPU_SECONDS = 10
_PRESETS = ("digits", "digits-bench", "digits-rungs")
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 3, 0.5, -0.0, 1e308, 10**9, 2**31, 2**63, 2**64, 10**30, 10**400),
    *(
        float("inf"),
        float("-inf"),
        float("nan"),
        "",
        " ",
        "x",
        "0",
        "1",
        "-1",
        "1e999999999",
        "nan",
        "1/0",
        "8/255",
        "1G",
    ),
    *(
        "a" * 5_000,
        "[/x] [bold]",
        "\x00",
        "\x1b[2J",
        "\udcff",
        "\u202e",
        "é日本",
        "../..",
        "/dev/null",
        "~nobody/x",
        ".",
        "/",
    ),
    *(
        "digits",
        "residual",
        "random",
        "train",
        "tests.rnas.cli.scores:total_depth",
        "no.module:x",
        ":",
        "a:b:c",
        "%s{}",
        "'",
    ),
    *(
        [],
        {},
        [[]],
        [{}],
        [None],
        [1, 2],
        ["a", "b"],
        {"a": 1},
        {"name": "x"},
        {"": ""},
        [[[[1]]]],
        {"a": {"b": {"c": []}}},
    ),
)


class SlowError(BaseException):
    """An example took too many CPU seconds."""


@contextmanager
def limited() -> Iterator[None]:
    """Raise SlowError in the block after its CPU seconds."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise SlowError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def examples(count: int) -> Callable[[Any], Any]:
    """Give a test its examples, the same each time."""

    def decorate(function: Any) -> Any:
        checks = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
        own = settings(max_examples=count, deadline=None, derandomize=True, database=None, suppress_health_check=checks)
        return own(given(random=st.integers(0, 2**64).map(Random))(function))

    return decorate


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every container in a value with each of its keys."""
    found: list[tuple[Any, Any]] = []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        found += [(value, key), *places(item)]
    return found


def mutated(value: Any, random: Random) -> Any:
    """Return a copy of a value in which one to three places hold something else."""
    value = deepcopy(value)
    for _ in range(random.choice((1, 1, 2, 3))):
        found = places(value)
        if not found:
            return random.choice(VALUES)
        container, key = random.choice(found)
        change = random.random()
        if change < 0.6:
            container[key] = deepcopy(random.choice(VALUES))
        elif change < 0.7:
            del container[key]
        elif change < 0.8:
            container[key] = [container[key]] * random.choice((1, 2, 40))
        elif change < 0.9 and isinstance(container, dict):
            container[str(random.choice(VALUES))[:100]] = container[key]
        else:
            container[key] = deepcopy(random.choice(found)[0])
    return value


def scrambled(content: bytes, random: Random) -> bytes:
    """Return bytes of which some are changed, missing, repeated or new."""
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 3, 10))):
        at, size = random.randrange(len(changed) + 1), random.choice((1, 1, 4, 30))
        change = random.random()
        if change < 0.4:
            changed[at : at + size] = random.randbytes(size)
        elif change < 0.6:
            del changed[at : at + random.choice((size, len(changed)))]
        elif change < 0.8:
            changed[at:at] = changed[at : at + size] * random.choice((1, 50))
        else:
            changed[at:at] = random.choice(
                (b"[" * 2_000, b"{a: " * 99, b"&a [*a]", b"\x00", b"\xff", b"9" * 5_000, b"!!x ")
            )
    return bytes(changed)


def written(path: Path, value: Any, random: Random) -> Path:
    """Write a mutated value as YAML or JSON, sometimes with its bytes scrambled."""
    changed = mutated(value, random) if random.random() < 0.8 else value
    try:
        text = json.dumps(changed) if path.suffix == ".json" else yaml.safe_dump(changed)
    except (ValueError, RecursionError):
        # Python writes no integers of thousands of digits, and nothing that contains itself.
        text = "[" * 99
    content = text.encode(errors="surrogatepass")
    path.write_bytes(scrambled(content, random) if changed is value or random.random() < 0.1 else content)
    return path


@cache
def _preset(name: str) -> dict[str, Any]:
    return preset(name)


@examples(150)
def test_configs(random: Random, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    content = _preset(random.choice(_PRESETS))
    path = written(folder / "config.yaml", content, random)
    with limited():
        try:
            search = Search.draft(SearchConfig.parse(read_mapping(path), str(path)), folder / "run", folder=folder)
            yaml.safe_dump(search._content())
            assert search.settings.fingerprint
            search.setup.space.decode(search.setup.space.sample(1, np.random.default_rng(0))[0])
        except RnasError as error:
            assert len(str(error)) < 5_000


@examples(300)
def test_architectures(random: Random) -> None:
    networks = list(baselines().values())
    content = arch.to_dict(random.choice(networks).network)
    changed = mutated(content, random)
    with limited():
        try:
            network = arch.from_dict(parse_json(json.dumps(changed), "here"))
            network.cost((3, 32, 32), 10)
            draw(arch.to_dict(network))
            assert arch.from_json(arch.to_json(network)) == network
        except RnasError as error:
            assert len(str(error)) < 5_000
        except ValueError as error:
            assert "integer string conversion" in str(error)


@examples(150)
def test_recipes(random: Random, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "recipe.yaml"
    content = Recipe.resolve(random.choice(("trades", "sat", "mart", "n-fgsm"))).model_dump(mode="json")
    written(path, content, random)
    run("recipes", path)
    run("train", "wrn-28-10", "--data", "nowhere", "--recipe", path)


def run(*words: object) -> int:
    """Run a command in this process, and return its exit code; raise what it lets through."""
    before = sys.argv
    sys.argv = ["rnas", *map(str, words)]
    try:
        with limited():
            main()
    except SystemExit as error:
        assert error.code in (None, 0, 1, 2), error.code
        return int(error.code or 0)
    finally:
        sys.argv = before
    raise AssertionError("a command ends by SystemExit")
