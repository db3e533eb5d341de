"""YAML from anywhere is read within bounds, or refused in one line."""

import pytest
import yaml

from rnas.errors import InputError
from rnas.nas.presets import preset_names, preset_text
from rnas.utils._yaml_files import parse_yaml, set_key

BOMB = "\n".join([f"a0: &a0 [{'x, ' * 9}]", *(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]" for n in range(1, 12))])
MERGES = "\n".join(["m0: &m0 {a: 1}", *(f"m{n}: &m{n} {{<<: [{f'*m{n - 1}, ' * 9}]}}" for n in range(1, 12))])
CHAIN = "\n".join(["c0: &c0 [x]", *(f"c{n}: &c{n} [*c{n - 1}]" for n in range(1, 900))])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "more than 100,000 values"),
        (MERGES, "more than 100,000 values"),
        (CHAIN, "nested more than 50 deep"),
        ("a: " + "[" * 1_000, "nested more than 50 deep"),
        ("- " * 1_000 + "x", "nested more than 50 deep"),
        ("{a: " * 1_000 + "1" + "}" * 1_000, "nested more than 50 deep"),
        ("a: &a [*a]", "contains itself"),
        ("a: &a {b: *a}", "contains itself"),
        ("budget: 8\nbudget: 2", "the key 'budget' twice"),
        ("a: {b: 1, c: 2, b: 3}", "the key 'b' twice"),
        ("seed: 0x" + "f" * 4_000, "an integer of more than 128 bits"),
        ("seed: " + "9" * 5_000, "not valid YAML"),
        ("seed: 1" + ":59" * 4_000, "an integer of more than 128 bits"),
        ("seed: 010", "the integer '010'; write it in decimal digits"),
        ("hours: 1:30.5", "the number '1:30.5'; write it in decimal digits"),
        ("hours: 1_0.5", "the number '1_0.5'; write it in decimal digits"),
        ("seed: 0x10", "the integer '0x10'; write it in decimal digits"),
        ("flops: 100:50", "the integer '100:50'; write it in decimal digits, or put a text in quotes"),
        ("a: !!set {b}", "could not determine a constructor"),
        ("a: !!binary aaaa", "could not determine a constructor"),
        ("a: !!python/object/apply:os.system [x]", "could not determine a constructor"),
        ("a: [\x00]", "special characters are not allowed"),
        ("a: b: c", "mapping values are not allowed"),
    ],
    ids=range(23),
)
def test_yaml_beyond_the_bounds_is_refused_in_one_line(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as error:
        parse_yaml(text, "here")
    assert len(str(error.value)) < 500
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_reads_as_before(name: str) -> None:
    assert parse_yaml(preset_text(name), name) == yaml.safe_load(preset_text(name))


def test_plain_values_are_read() -> None:
    text = "a: &x {b: [1, 2.5, null, true, text]}\nc: {<<: *x, d: 2020-01-01}\ne: *x\nf: -16\n"
    inner = {"b": [1, 2.5, None, True, "text"]}
    assert parse_yaml(text, "here") == {"a": inner, "c": {**inner, "d": "2020-01-01"}, "e": inner, "f": -16}
    assert parse_yaml("", "here") is None


def test_a_value_on_the_command_line_has_the_same_bounds() -> None:
    with pytest.raises(InputError, match="nested more than 50 deep") as error:
        set_key({}, "space=" + "[" * 10_000)
    assert len(str(error.value)) < 1_000
