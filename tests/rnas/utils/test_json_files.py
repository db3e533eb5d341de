from pathlib import Path

import pytest

from rnas.errors import InputError
from rnas.utils._json_files import parse_json, read_json, read_json_object


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "key 'c' is there twice"),
        ('{"a": NaN}', "NaN is not a finite number"),
        ("[-Infinity]", "-Infinity is not a finite number"),
        ("{", "Expecting property name"),
        ("1 2", "Extra data"),
        ("[" * 100_000, "nested too deeply"),
        (b"\xff\xff", "decode"),
    ],
)
def test_what_is_no_json_is_refused_in_one_line(text: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=rf"^file: not valid JSON \(.*{message}") as caught:
        parse_json(text, "file")
    assert "\n" not in str(caught.value)


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": [1, 2.5, null]}')
    assert read_json_object(path) == {"a": [1, 2.5, None]}
    path.write_text("[]")
    assert read_json(path) == []
    with pytest.raises(InputError, match=r"a.json: not a JSON object"):
        read_json_object(path)
    with pytest.raises(InputError, match=r"b.json: cannot be read \(No such file"):
        read_json(tmp_path / "b.json")
