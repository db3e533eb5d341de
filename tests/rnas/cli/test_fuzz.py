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

import rnas
from rnas.cli import main
from rnas.errors import RnasError
from rnas.nas.config import SearchConfig
from rnas.nas.presets import preset
from rnas.nas.search import Search
from rnas.networks import architecture as arch
from rnas.networks.zoo import baselines
from rnas.report._drawing import draw
from rnas.training.recipe import Recipe
from rnas.utils._json_files import parse_json
from rnas.utils._yaml_files import read_mapping
from tests.rnas.conftest import SEARCH

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


def refused(error: RnasError) -> None:
    """Check that a message is short."""
    assert len(str(error)) < 2_500


@examples(60)
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
            refused(error)


@examples(150)
def test_architectures(random: Random) -> None:
    networks = list(baselines().values())
    content = arch.to_dict(random.choice(networks).network)
    try:
        text = json.dumps(mutated(content, random))
    except ValueError:  # What contains itself is no JSON.
        return
    with limited():
        try:
            network = arch.from_dict(parse_json(text, "here"))
            network.cost((3, 32, 32), 10)
            draw(arch.to_dict(network))
            assert arch.from_json(arch.to_json(network)) == network
        except RnasError as error:
            refused(error)


@examples(50)
def test_recipes(random: Random, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "recipe.yaml"
    content = Recipe.resolve(random.choice(("trades", "sat", "mart", "n-fgsm"))).model_dump(mode="json")
    written(path, content, random)
    run("recipes", path)
    run("train", "wrn-28-10", "--data", "nowhere", "--recipe", path)


def run(*words: object) -> None:
    """Run a command in this process; raise what it lets through."""
    before = sys.argv
    sys.argv = ["rnas", *map(str, words)]
    try:
        with limited():
            main()
    except SystemExit as error:
        code = int(error.code or 0)
    finally:
        sys.argv = before
    assert code in (0, 1, 2)


WORDS = (
    *(
        "",
        " ",
        "-",
        "--",
        "-1",
        "0",
        "1",
        "2",
        "nan",
        "inf",
        "1e999999999",
        "9" * 5_000,
        "0x10",
        "1_0",
        "1/0",
        "8/255",
        "1G:2G",
    ),
    *(
        "a" * 5_000,
        "[/x]",
        "[bold]",
        "\x1b[2J",
        "\udcff",
        "\u202e",
        "é日本",
        "..",
        "/",
        "/dev/zero",
        "/dev/null",
        "~nobody/x",
        "%s",
    ),
    *(
        "a=b",
        "=",
        "a.b=[[",
        "seed=" + "[" * 500,
        "space.narrow.x=[1]",
        "evaluator={table: /dev/zero}",
        "budget=1e9",
        "x:y",
        ":",
        "run:",
    ),
    *(
        "run:knee",
        "run:0",
        "net.json",
        "config.yaml",
        "run",
        "run/config.yaml",
        "run/ledger.db",
        "residual",
        "wrn-28-10",
        "linf:2",
    ),
)
TEMPLATES = (
    "search config.yaml -o new --set budget=2 --dry-run",
    "search --space wide-resnet-depths --flops 1M:2M --budget 3 --data nowhere --dry-run",
    "resume run --budget 12 --workers 0",
    "report run --json",
    "rules run --json --metric score",
    "power run --simulations 1 --workers 1 --metric score",
    "fidelity run --architectures 10 --seeds 2 -o new --dry-run",
    "test-rule run --flops 4M --seeds 1 -o new --dry-run",
    "train net.json --recipe trades --data digits --epochs 1 --images 50 --batch-size 10 --seed 1 -o new --dry-run",
    "tune net.json --space learning_rate=0.1:1 --recipe sat --trials 2 --data nowhere -o new --dry-run",
    "compare wrn-28-10 net.json --flops 5G --seeds 2 --data nowhere -o new --dry-run",
    "replicate activations --data nowhere --seeds 2 --cells 3 --base-channels 4,8,16 -o new --dry-run",
    "evaluate net.json --weights net.safetensors --attacks fgsm --images 3 --threat l2:1 --data digits --no-flags",
    "export net.json --format safetensors -o new.safetensors --input-shape 1x8x8 --num-classes 3 --seed 1",
    "export run:knee --format standalone -o new.py",
    "reproduce run:knee --from checkpoint --seeds 2",
    "leaderboard . --json",
    "scale --flops 5G --depths 2:2:1 --widths 2:2.5:1 --depth-to-width 7:3 --block basic --tolerance 0.1",
    "scale --flops 5G --family wrn-28-10 --rule robust-scaling",
    "zoo wrn-28-10 --json",
    "spaces digits-bench --json",
    "recipes trades",
    "config strategy",
    "presets digits",
    "plugins",
)


_OWN = ("run", "net.json", "net.safetensors", "config.yaml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run, a network and a config."""
    found = tmp_path_factory.mktemp("fuzz")
    rnas.search({**SEARCH, "budget": 24}, output=found / "run")
    (found / "net.json").write_text('{"kind": "residual", "depths": [1, 1], "channels": [4, 8]}')
    (found / "config.yaml").write_text((found / "run" / "config.yaml").read_text())
    rnas.export(
        str(found / "net.json"),
        format="safetensors",
        path=found / "net.safetensors",
        num_classes=10,
        input_shape=(1, 8, 8),
    )
    return found


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def line(random: Random) -> list[str]:
    """Return a command line with one to three faults."""
    words = random.choice(TEMPLATES).split()
    for _ in range(random.choice((1, 1, 2, 3))):
        at = random.randrange(1, len(words) + 1)
        change = random.random()
        if change < 0.7 and at < len(words):
            words[at] = random.choice(WORDS)
        elif change < 0.8 and at < len(words) and words[at] != "--dry-run":
            del words[at]
        else:
            words[at:at] = [random.choice(" ".join(TEMPLATES).split()), random.choice(WORDS)]
    fits = words[0] in ("search", "fidelity", "test-rule", "train", "tune", "compare", "replicate")
    return words + ["--dry-run"] * fits


@examples(50)
def test_command_lines(random: Random, folder: Path) -> None:
    with inside(folder):
        run(*line(random))
        for path in folder.iterdir():
            if path.name not in _OWN:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


COMMANDS = (
    ("report", "--json"),
    ("report",),
    ("export", "--format", "safetensors", "-o", "new.safetensors"),
    ("resume",),
)


def change_ledger(path: Path, random: Random) -> None:
    """Change one value in a ledger, or lose a row."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        table = random.choice([name for name in tables if name.startswith(("trial", "stud"))])
        rows = connection.execute(f"SELECT rowid, * FROM {table}").fetchall()
        if not rows:
            return
        row = random.choice(rows)
        columns = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
        column = random.randrange(len(columns))
        old = row[1 + column]
        try:
            new: Any = (
                json.dumps(mutated(json.loads(old), random)) if isinstance(old, str) else random.choice(VALUES[:12])
            )
        except ValueError:
            new = random.choice(("", "x", "{", '"x"', "[/x]"))
        with connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            try:
                if random.random() < 0.1:
                    connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (row[0],))
                else:
                    connection.execute(f"UPDATE {table} SET {columns[column]} = ? WHERE rowid = ?", (new, row[0]))
            except (sqlite3.Error, OverflowError, UnicodeEncodeError):
                pass


def damage(path: Path, random: Random) -> None:
    """Change a file, or put something else in its place."""
    change = random.random()
    if path.suffix == ".db" and change < 0.6:
        change_ledger(path, random)
    elif change < 0.5 and path.suffix in (".json", ".yaml"):
        written(path, yaml.safe_load(path.read_text()), random)
    elif change < 0.8:
        path.write_bytes(scrambled(path.read_bytes(), random))
    else:
        path.unlink()
        kind = random.choice(("absent", "empty", "folder", "fifo", "link", "zero"))
        if kind == "empty":
            path.touch()
        elif kind == "folder":
            path.mkdir()
        elif kind == "fifo":
            os.mkfifo(path)
        elif kind == "link":
            path.symlink_to(path.with_name("nowhere"))
        elif kind == "zero":
            path.symlink_to("/dev/zero")


@examples(25)
def test_run_directories(random: Random, folder: Path) -> None:
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder / "run", copy)
    files = sorted(path for path in copy.rglob("*") if path.suffix in (".json", ".yaml", ".db"))
    path = random.choice([copy / "config.yaml", copy / "ledger.db", random.choice(files)])
    damage(path, random)
    # Another config may be a search of any length.
    name, *options = random.choice(COMMANDS[:3] if path.name == "config.yaml" else COMMANDS)
    with inside(folder):
        run(name, "copy:0" if name == "export" else "copy", *options, *(("--workers", "0") if name == "resume" else ()))
        (folder / "new.safetensors").unlink(missing_ok=True)
