"""``rnas export``."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from rnas.networks import architecture as arch
from rnas.networks.residual import ResidualNetwork
from tests.rnas.cli.conftest import Result

Command = Callable[..., Result]
TINY = ResidualNetwork((1, 1), (8, 12), stem_width=4)


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A network's JSON in the working folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "net.json"
    path.write_text(arch.to_json(TINY))
    return path


@pytest.mark.usefixtures("net")
def test_an_export_is_compared_and_told(command: Command) -> None:
    done = command("export", "net.json", "--format", "standalone", "-o", "out/tiny.py", "--input-shape", "3x8x8")
    assert (done.code, done.err) == (0, "")
    first, second, third, warning = done.out.splitlines()
    assert first == "net (untrained, weights drawn from seed 0)"
    assert warning.startswith("These weights are not trained")
    assert second == "Format standalone: out/tiny.pt, out/tiny.py"
    assert re.fullmatch(
        r"Compared on 3 images in a process of its own \(fresh, without rnas, search_spaces, baselines\): "
        r"logits differ by at most \S+, \S+ of the largest",
        third,
    )
    assert sorted(path.name for path in Path("out").iterdir()) == ["tiny.pt", "tiny.py"]


@pytest.mark.slow
@pytest.mark.usefixtures("net")
def test_as_json_with_weights_of_a_file(command: Command) -> None:
    torch.manual_seed(3)
    torch.save(TINY.build(4, (3, 8, 8)).state_dict(), "weights.pt")
    words = ("--format", "onnx", "-o", "tiny.onnx", "--weights", "weights.pt", "--num-classes", 4, "--json")
    done = command("export", "net.json", *words, "--input-shape", "3x8x8")
    assert (done.code, done.err) == (0, "")
    told = json.loads(done.out)
    assert told["files"] == ["tiny.onnx"]
    assert told["untrained"] is False
    assert told["verified"]["relative_difference"] <= told["verified"]["tolerance"] == 1e-4
    assert told["provenance"]["weights"]["file"] == "weights.pt"


@pytest.mark.usefixtures("net")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--format", "caffe", "-o", "x"), "unknown export 'caffe'; known: hugging-face, nni, onnx, robustbench"),
        (("--format", "onnx", "-o", "x.py"), "x.py: format onnx writes a .onnx file; call it NAME.onnx"),
        (("--format", "safetensors", "-o", "x.safetensors", "--input-shape", "32"), "--input-shape '32': write"),
        (
            ("--format", "safetensors", "-o", "x.safetensors", "--input-shape", f"{'9' * 5_000}x1x1"),
            "--input-shape '999",
        ),
        (("--format", "safetensors", "-o", "x.safetensors", "--seed", 10**30), "--seed 10000"),
        (("--format", "safetensors", "-o", "x.safetensors", "--weights", "no.pt"), "no.pt: cannot be read"),
        (("--format", "hugging-face", "-o", "."), ". exists already; choose another name"),
    ],
)
def test_bad_input_is_one_line(command: Command, words: tuple[str, ...], message: str) -> None:
    done = command("export", "net.json", *words)
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith(f"rnas: {message}")
    assert len(done.err.splitlines()) == 1
    assert [path.name for path in Path().iterdir()] == ["net.json"]


def test_the_help_lists_every_format(command: Command) -> None:
    from rnas import registry

    shown = command("export", "--help").out
    assert all(name in shown for name in registry.names(registry.EXPORTS))
