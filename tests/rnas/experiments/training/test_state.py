from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from rnas.errors import InputError
from rnas.experiments.training._state import State

ROW = {
    "epoch": 1,
    "loss": 0.1 + 0.2,
    "train_robust_accuracy": 0.25,
    "learning_rate": 0.1,
    "seconds": 1e-9,
    "val_clean_accuracy": 0.5,
    "val_robust_accuracy": 0.25,
    "val_robust_margin": -1.0,
}
STATE = State(
    "fingerprint",
    (ROW, {**ROW, "epoch": 2, "loss": 3.0}),
    {"epoch": 3.0, "guarded_accuracy": 0.1, "before": 0.4},
    {"weights": torch.rand(3, 4), "count": torch.tensor(7), "none": torch.zeros(0)},
)


def test_it_reads_back_the_same(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    STATE.write(path)
    found = State.read(path)
    assert (found.fingerprint, found.history, found.overfitting) == (
        STATE.fingerprint,
        STATE.history,
        STATE.overfitting,
    )
    assert found.tensors.keys() == STATE.tensors.keys()
    assert all(torch.equal(found.tensors[name], tensor) for name, tensor in STATE.tensors.items())
    assert State.read(path, with_tensors=False).tensors == {}


@pytest.mark.parametrize("place", ["first", "in the metadata", "first of the tensors", "last"])
def test_a_changed_byte_is_found(tmp_path: Path, place: str) -> None:
    path = tmp_path / "state.safetensors"
    STATE.write(path)
    content = bytearray(path.read_bytes())
    header = 8 + int.from_bytes(content[:8], "little")
    metadata = content.index(b"tensors_sha256") + 20
    number = {"first": 0, "in the metadata": metadata, "first of the tensors": header, "last": len(content) - 1}[place]
    content[number] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"damaged"):
        State.read(path)


@pytest.mark.parametrize("length", [0, 5, 100, -1])
def test_a_truncated_file_is_damaged(tmp_path: Path, length: int) -> None:
    path = tmp_path / "state.safetensors"
    STATE.write(path)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(InputError, match=r"damaged .*; restore it from a copy, or train again"):
        State.read(path)


@pytest.mark.parametrize(
    ("column", "value"), [("val_robust_accuracy", 99.0), ("val_robust_margin", -3.0), ("seconds", -1.0)]
)
def test_a_value_that_a_column_cannot_have_is_damage(tmp_path: Path, column: str, value: float) -> None:
    path = tmp_path / "state.safetensors"
    State("fingerprint", ({**ROW, column: value},)).write(path)
    with pytest.raises(InputError, match=rf"damaged \(state: history\.0\.{column}: input should be"):
        State.read(path)


def test_other_safetensors_are_no_state(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    save_file({"weights": torch.rand(2)}, path)
    with pytest.raises(InputError, match=r"damaged"):
        State.read(path)
