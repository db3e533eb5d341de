"""One line that says what, where and the fix; exit code 2; nothing lost."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from rnas.cli import main
from rnas.nas.search import search

QUICK = {
    "space": {"name": "wide-resnet-depths", "narrow": {"depth1": [2, 3]}},
    "evaluator": {"call": "tests.rnas.cli.scores:total_depth"},
    "objectives": [
        {"metric": "score", "direction": "maximize"},
        {"metric": "flops", "direction": "minimize"},
    ],
    "strategy": "random",
    "budget": 3,
    "workers": 0,
}


@dataclass(frozen=True)
class Result:
    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Result]


@pytest.fixture
def rnas(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs the command line in this process."""

    def run(*words: object, cwd: Path | None = None) -> Result:
        monkeypatch.setattr(sys, "argv", ["rnas", *map(str, words)])
        if cwd is not None:
            monkeypatch.chdir(cwd)
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            main()
        output = capsys.readouterr()
        return Result(exit_.value.code, output.out, output.err)

    return run


def refused(result: Result, code: int = 2) -> str:
    """The one line of a refusal."""
    assert result.returncode == code, result.stderr
    assert result.stdout == ""
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "run"
    search(QUICK, output=path)
    return path


CASES = [
    (["--space", "nowhere"], "unknown search space 'nowhere'; known: "),
    (["--strategy", "luck"], "unknown strategy 'luck'; known: bananas, botorch, crossed, local-search, nni, nsga2, "),
    (["--preset", "none"], "unknown preset 'none'; known: cifar10-crossed, cifar10-day, cifar10-smoke, digits"),
    (["--recipe", "none"], "evaluator: train.recipe: unknown recipe 'none'; known: "),
    (["--data", "cifar10"], "data cifar10 needs --data-dir, the folder"),
    (["--data", "cifar10", "--data-dir", "missing"], "no data_batch_1 in "),
    (["--eps", "8"], "evaluator: train.eps: epsilon 8 is above 1"),
    (["--eps", "eight"], "'eight' is not a fraction; write it such as 8/255"),
    (["--set", "space.upsample=1000000000"], "space: its networks have costs beyond 64 bits; choose smaller sizes"),
    (
        ["--space", "nas-bench-201", "--set", "space.channels=1000000000000000"],
        "space: channels: input should be less than or equal to 65536, not 1000000000000000",
    ),
    (["--flops", "1:2"], "no architecture of space 'robust-resnet' has flops in 1:2; it reaches flops of "),
    (["--flops", "5G:1G"], "space: flops: band '5G:1G' is empty"),
    (["--flops", "much"], "'much' is not a band; write LOW:HIGH, such as 150M:250M"),
    (["--budget", "-3"], "rnas: Invalid value for '--budget': Input should be greater than or equal to 1"),
    (["--budget", "0"], "rnas: Invalid value for '--budget': Input should be greater than or equal to 1"),
    (["--hours", "-1"], "rnas: preset digits: hours: input should be greater than 0, not -1.0"),
    (["--hours", "nan"], "rnas: preset digits: hours: input should be a finite number, not nan"),
    (
        ["--workers", "-1"],
        "rnas: preset digits: workers: input should be greater than or equal to 0, or 'auto', not '-1'",
    ),
    (["--seed", "-1"], "rnas: Invalid value for '--seed': Input should be greater than or equal to 0"),
    (["--set", "budget=0"], "budget: input should be greater than 0, not 0"),
    (["--set", "nonsense"], "write KEY=VALUE"),
    (["--set", "budgte=3"], "budgte: unknown key"),
    (["--set", "evaluator.train.fidelity.epoch=3"], "evaluator: train.fidelity.epoch: unknown key"),
    (["--set", "space.narrow.depht1=[1]"], "has no variable 'depht1'; it has depth1, "),
    (["--set", "space.narrow.depth1=[99]"], "variable 'depth1' cannot be narrowed to [99]; its choices are 1, 2"),
    (["--set", "strategy={name: nsga2, size: 3}"], "strategy: unknown key 'size'; it has population"),
    (["--set", "objectives=[{metric: robust_accuracy, direction: up}]"], "objectives.0.direction: "),
    (["--set", "objectives=[{metric: accuracy, direction: maximize}]"], "no metric 'accuracy'"),
    (["--set", "evaluator={}"], "evaluator: name one of call, digits-bench, nares"),
    (["--space", "nas-bench-201", "--set", "evaluator={table: missing.csv}"], "missing.csv: cannot be read"),
    (["--space", "nas-bench-201", "--set", "evaluator={call: nowhere:f}"], "nowhere"),
    (["--set", "evaluator.train.images={search_val: 1700, test: 97}"], "images.train asks for the rest"),
    (["missing.yaml"], "missing.yaml: cannot be read (No such file or directory)"),
    (["missing.yaml", "--preset", "digits"], "give a config or --preset, not both"),
]


@pytest.mark.parametrize(
    ("words", "message"), CASES, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_a_wrong_search_is_refused_before_anything_is_made(
    rnas: Command, words: list[str], message: str, tmp_path: Path
) -> None:
    assert message in refused(rnas("search", *words, cwd=tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("space: [", "config.yaml: not valid YAML (while parsing a flow node expected the node content"),
        ("\x00\x01", "config.yaml: not valid YAML"),
        ("- a\n- b\n", "config.yaml: a config is a mapping"),
        ("buget: 3\n", "config.yaml: buget: unknown key"),
        ("space: {narrow: {depth1: [1]}}\n", "config.yaml: space: it needs a name"),
    ],
)
def test_a_wrong_config_file_is_named(rnas: Command, text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(text)
    assert message in refused(rnas("search", "config.yaml", cwd=tmp_path))


def test_an_existing_run_is_not_overwritten(rnas: Command, finished: Path) -> None:
    before = {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
    message = refused(rnas("search", "--budget", "3", "--output", finished))
    assert f"{finished} exists already: choose another output, or resume it with rnas resume {finished}" in message
    assert {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()} == before


def test_a_run_whose_config_was_changed_is_refused(rnas: Command, finished: Path, tmp_path: Path) -> None:
    for name in ("config.yaml", "ledger.db"):
        (tmp_path / name).write_bytes((finished / name).read_bytes())
    config = (tmp_path / "config.yaml").read_text()
    (tmp_path / "config.yaml").write_text(config.replace("seed: 0", "seed: 1"))
    before = (tmp_path / "ledger.db").read_bytes()
    message = refused(rnas("resume", tmp_path))
    assert "config.yaml" in message
    assert "another configuration" in message
    assert (tmp_path / "ledger.db").read_bytes() == before


@pytest.mark.parametrize("command", ["resume", "report"])
def test_a_truncated_ledger_is_exit_code_1_and_left_alone(
    rnas: Command, command: str, finished: Path, tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_bytes((finished / "config.yaml").read_bytes())
    (tmp_path / "ledger.db").write_bytes((finished / "ledger.db").read_bytes()[:10_000])
    assert "ledger.db is damaged" in refused(rnas(command, tmp_path), code=1)
    assert (tmp_path / "ledger.db").stat().st_size == 10_000


def test_no_run_and_a_smaller_budget_are_refused(rnas: Command, finished: Path, tmp_path: Path) -> None:
    assert "is not an experiment: it has no config.yaml" in refused(rnas("resume", tmp_path))
    assert "is not an experiment: it has no config.yaml" in refused(rnas("report", tmp_path / "missing"))
    assert "Invalid value for '--budget'" in refused(rnas("resume", finished, "--budget", "0"))
    assert "Invalid value for '--workers'" in refused(rnas("resume", finished, "--workers", "-1"))
    assert f"budget: {finished} has 3 already; give 3 or more, not 2" in refused(
        rnas("resume", finished, "--budget", "2")
    )


def test_a_run_in_use_is_refused(rnas: Command, finished: Path) -> None:
    from filelock import FileLock

    with FileLock(finished / "lock"):
        before = (finished / "config.yaml").read_bytes()
        assert "is in use: another process" in refused(rnas("resume", finished, "--budget", 9))
        assert (finished / "config.yaml").read_bytes() == before


def test_unknown_options_are_exit_code_2(rnas: Command) -> None:
    assert "No such option: --bugdet" in refused(rnas("search", "--bugdet", "3"))
    assert "Invalid value for '--budget'" in refused(rnas("search", "--budget", "many"))
    assert "No such command 'serach'. Did you mean 'search'?; see rnas --help" in refused(rnas("serach"))


def test_a_wrong_option_points_to_the_help_of_its_command(rnas: Command) -> None:
    assert refused(rnas("search", "--bugdet", "3")).rstrip().endswith("see rnas search --help")
    assert refused(rnas("evaluate")).rstrip().endswith("see rnas evaluate --help")
