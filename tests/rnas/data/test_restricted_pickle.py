import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from rnas.data.restricted_pickle import read_arrays
from rnas.errors import InputError


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_arrays_and_containers_come_back(tmp_path: Path, protocol: int) -> None:
    content = {"data": np.arange(12, dtype=np.uint8).reshape(3, 4), "labels": [1, 2, 3], "name": "batch"}
    (tmp_path / "file").write_bytes(pickle.dumps(content, protocol=protocol))
    result = read_arrays(tmp_path / "file")
    assert np.array_equal(result["data"], content["data"])
    assert result["labels"] == [1, 2, 3]


class _Command:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return (os.system, (f"touch {self.target}",))


def test_code_is_refused_and_not_run(tmp_path: Path) -> None:
    target = tmp_path / "made"
    (tmp_path / "file").write_bytes(pickle.dumps({"data": _Command(target)}))
    with pytest.raises(InputError, match="system, which is not data"):
        read_arrays(tmp_path / "file")
    assert not target.exists()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing: cannot be read"):
        read_arrays(tmp_path / "nothing")
