"""JSON from anywhere is read within bounds, or refused in one line."""

from pathlib import Path

import pytest

from rnas.errors import InputError
from rnas.utils._json_files import parse_json, read_json_object


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000, "nested more than 50 deep"),
        ("[" * 60 + "]" * 60, "nested more than 50 deep"),
        ('{"a":' * 60 + "1" + "}" * 60, "nested more than 50 deep"),
        ('{"kind": "residual", "kind": "nas-bench-201"}', "the key 'kind' twice"),
        ("9" * 5_000, "not valid JSON"),
        ("{", "not valid JSON"),
        ("", "not valid JSON"),
        ("[NaN]", "NaN is not a finite number"),
        ("[-Infinity]", "-Infinity is not a finite number"),
        ("[1e400]", "1e400 is not a finite number"),
        (f"[-{'9' * 400}.0]", r"9 \.\.\. 9+\.0 is not a finite number"),
        (f"[{'9' * 400}]", "an integer of more than 128 bits"),
    ],
)
def test_json_beyond_the_bounds_is_refused_in_one_line(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        parse_json(text, "here")


def test_plain_values_are_read() -> None:
    assert parse_json('{"a": [1, 2.5, null, true, "\\udcff"]}', "here") == {"a": [1, 2.5, None, True, "\udcff"]}
    assert parse_json("[" * 49 + "]" * 49, "here")


@pytest.mark.parametrize("text", ["[]", "1", "null", '"x"'])
def test_what_is_no_object_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InputError, match=r"x\.json: not a JSON object"):
        read_json_object(tmp_path / "x.json")
