import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from rnas.errors import InputError
from rnas.utils.files import discard_partial, file_hash, replacing, tensors_hash, write_tensors, write_text


def test_what_fails_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")

    def fail() -> None:
        with replacing(path) as partial:
            partial.write_text("half of the ne")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    # A process that is killed leaves it.
    path.with_name("file.txt.partial").touch()
    discard_partial(tmp_path)
    assert list(tmp_path.iterdir()) == [path]


def test_tensors_of_any_layout_read_back_the_same(tmp_path: Path) -> None:
    shared = torch.rand(3)
    tensors = {
        "channels_last": torch.rand(2, 3, 4, 5).contiguous(memory_format=torch.channels_last),
        "scalar": torch.tensor(3),
        "empty": torch.zeros(0),
        "one": shared,
        "other": shared[:2],
        "parameter": torch.nn.Parameter(torch.rand(2)),
    }
    path = tmp_path / "file.safetensors"
    write_tensors(path, tensors)
    found = load_file(path)
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors.items())


def test_files_are_as_readable_as_any_of_the_users(tmp_path: Path) -> None:
    plain, tensors = tmp_path / "plain", tmp_path / "file.safetensors"
    plain.touch()
    write_tensors(tensors, {"one": torch.ones(1)})
    assert tensors.stat().st_mode == plain.stat().st_mode


def test_hashes_see_every_value_name_type_and_shape(tmp_path: Path) -> None:
    tensor = torch.arange(6, dtype=torch.float32)
    variants = [
        {"a": tensor},
        {"b": tensor},
        {"a": tensor.reshape(2, 3)},
        {"a": tensor.to(torch.float64)},
        {"a": tensor + torch.tensor([0, 0, 0, 0, 0, 1e-6])},
        {"a": tensor, "b": tensor},
    ]
    assert len({tensors_hash(variant) for variant in variants}) == len(variants)
    path = tmp_path / "file"
    write_text(path, "abc")
    assert file_hash(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_what_has_no_end_has_no_hash(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(InputError, match="a device, a pipe or a socket, not a regular file"):
            file_hash(path)


def test_a_link_in_place_of_an_unfinished_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("as it was")
    for name in ("a.txt", "a.txt.partial"):
        (tmp_path / name).symlink_to(tmp_path / "mine")
    write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "mine").read_text() == "as it was"
    assert (tmp_path / "a.txt").read_text() == "new"
    assert not (tmp_path / "a.txt").is_symlink()


@pytest.mark.parametrize("name", ["", "/", "."])
def test_a_folder_is_not_written_as_a_file(name: str, tmp_path: Path) -> None:
    for path in (Path(name), tmp_path):
        with pytest.raises(InputError, match="a folder, not a file to write"):
            write_text(path, "x")


def test_a_lone_surrogate_is_written_as_its_escape(tmp_path: Path) -> None:
    write_text(tmp_path / "x", "a \udcff é")
    assert (tmp_path / "x").read_text(encoding="utf-8") == r"a \udcff é"
