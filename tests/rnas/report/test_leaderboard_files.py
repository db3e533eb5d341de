import copy
import json
from pathlib import Path
from typing import Any

import pytest

from rnas.errors import InputError
from rnas.report.leaderboard import tables
from rnas.report.leaderboard_files import read_entries
from rnas.statistics.proportions import proportion
from tests.rnas.report.results import accuracy, result


def write(folder: Path, *results: dict[str, Any]) -> Path:
    for content in results:
        (folder / f"{content['name']}.json").write_text(json.dumps(content))
    return folder


def test_an_entry_is_what_the_file_says(tmp_path: Path) -> None:
    flag = {"name": "zero-gradient-margin", "explanation": "a third is zero", "value": 0.33, "threshold": 0.05}
    folder = write(tmp_path, result("b", range(100), flags=[flag], note="read this"), result("a", range(90)))
    (folder / "leaderboard.md").write_text("left from before")
    first, second = read_entries(folder)
    assert [entry.name for entry in (first, second)] == ["a", "b"]
    assert second.source == "b.json"
    assert second.worst_case.share == second.attacks["pgd20"].share == proportion(0.25, 400)
    assert second.worst_case.right == (True,) * 100 + (False,) * 300
    assert second.clean.share.value == 1
    assert (second.params, second.flops, second.note) == (1_200_000, 250_000_000, "read this")
    assert [(found.name, found.explanation) for found in second.flags] == [("zero-gradient-margin", "a third is zero")]
    assert first.flags == ()
    assert second.setting["threat"] == "linf 8/255"
    assert "400 published test images" in second.setting["images"]


def test_a_network_that_was_not_checked_is_flagged(tmp_path: Path) -> None:
    (entry,) = read_entries(write(tmp_path, result("a", range(90), flags=None, flag_checks=None)))
    assert [flag.name for flag in entry.flags] == ["unchecked"]


def test_what_is_not_known_of_the_weights_is_a_note_that_names_the_network(tmp_path: Path) -> None:
    unknown = "It is not known which images these weights were trained on."
    weights = {"file": "b.safetensors", "sha256": "0" * 64, "notes": [unknown]}
    content = result("b", range(90), weights=weights, note=f"read this {unknown}")
    other = result("a", range(80), note="read this")
    (table,) = tables(read_entries(write(tmp_path, content, other)))
    assert [row.entry.flags for row in table.rows] == [(), ()]
    assert table.notes == ("read this", f"b: {unknown}")


def test_a_union_of_threats_has_a_column_for_each(tmp_path: Path) -> None:
    content = result("a", range(90))
    other = {"threat": "l2:0.5", "norm": "l2", "epsilon": "1/2"}
    content["attacks"].append({**content["attacks"][0], **other, **accuracy(range(50, 120))})
    content["threats"].append({**accuracy(range(50, 120)), "name": "l2:0.5", "norm": "l2", "epsilon": "1/2"})
    content["worst_case"] = accuracy(range(50, 90))
    (entry,) = read_entries(write(tmp_path, content))
    assert list(entry.attacks) == ["linf:8/255", "l2:0.5", "pgd20 linf:8/255", "pgd20 l2:0.5"]
    assert entry.attacks["l2:0.5"].share == proportion(70 / 400, 400)
    assert entry.setting["threat"] == "l2 1/2 and linf 8/255"


def set_data(content: dict[str, Any], **fields: Any) -> None:
    content["data"].update(fields)


@pytest.mark.parametrize(
    ("fact", "change"),
    [
        ("data", lambda content: set_data(content, name="cifar100")),
        ("images", lambda content: set_data(content, images_hash="44556677")),
        ("images", lambda content: set_data(content, ids=list(range(400)))),
        ("threat", lambda content: content["threats"][0].update(epsilon="4/255")),
        ("attacks", lambda content: content["attacks"][0].update(name="pgd50")),
        ("attacks", lambda content: content["attacks"][0]["settings"].update(steps=21)),
        ("attacks", lambda content: content["attacks"][0].update(left_out={"apgd-t": "too few classes"})),
        ("noise", lambda content: content.update(seed=1)),
        ("precision", lambda content: content.update(precision="bfloat16")),
    ],
)
def test_what_differs_in_data_images_radius_or_attacks_is_not_mixed(tmp_path: Path, fact: str, change) -> None:
    other = result("other", range(80))
    change(other)
    first, second = tables(read_entries(write(tmp_path, result("a", range(90)), result("b", range(70)), other)))
    assert len(first.rows) == 2
    assert f"because of {fact} " in second.apart
    assert second.apart.count("instead of") == 1


def test_what_decides_no_number_parts_nothing(tmp_path: Path) -> None:
    other = result("other", range(80), device="cuda", batch_size=8, versions={"python": "3.13"})
    other["threats"][0]["name"] = "linf:0.031372549"
    (table,) = tables(read_entries(write(tmp_path, result("a", range(90)), other)))
    assert len(table.rows) == 2


def damaged(change) -> dict[str, Any]:
    content = copy.deepcopy(result("bad", range(90)))
    change(content)
    return content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not a result of rnas evaluate"),
        ('{"name": "a"', "not a result of rnas evaluate"),
        ("[1, 2]", "not a result of rnas evaluate"),
        ('{"kind": "residual", "depths": [1, 1, 1]}', "not a result of rnas evaluate"),
        (b"\xff\xfe\x00", "not a result of rnas evaluate"),
        ("[" * 100_000, "not a result of rnas evaluate"),
        (damaged(lambda content: content.update(schema_version=2)), "schema_version"),
        (damaged(lambda content: content.update(surprise=1)), "surprise"),
        (damaged(lambda content: content["worst_case"].pop("right")), "worst_case.right"),
        (damaged(lambda content: content["clean"].update(right="ffff")), "damaged"),
        (damaged(lambda content: content["clean"].update(right="zz" * 50)), "damaged"),
        (
            damaged(lambda content: content["clean"].update(correct=399)),
            "400 of 400 images are marked as correct instead of 399 of 400",
        ),
        (damaged(lambda content: content["data"]["ids"].pop()), "damaged"),
        (damaged(lambda content: content["data"].update(images=0, ids=[])), "damaged"),
        (damaged(lambda content: content.update(attacks=[])), "damaged"),
        (damaged(lambda content: content.update(worst_case=accuracy(range(91)))), "its worst case does not agree"),
    ],
)
def test_a_foreign_or_damaged_file_is_named_in_one_line(tmp_path: Path, content, message: str) -> None:
    write(tmp_path, result("good", range(90)))
    raw = json.dumps(content) if isinstance(content, dict) else content
    (tmp_path / "bad.json").write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    with pytest.raises(InputError, match=r"bad\.json") as caught:
        read_entries(tmp_path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "net.json").mkdir()
    with pytest.raises(InputError, match=r"net\.json: cannot be read"):
        read_entries(tmp_path)


def test_nothing_to_rank_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no \.json file in it"):
        read_entries(tmp_path)
    with pytest.raises(InputError, match="not a folder"):
        read_entries(tmp_path / "nowhere")
