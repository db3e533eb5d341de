"""Sizes, bands and epsilons as people write them."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from rnas.errors import InputError
from rnas.utils.quantities import (
    Band,
    BandField,
    EpsilonField,
    FractionField,
    PathField,
    format_size,
    parse_band,
    parse_epsilon,
    parse_fraction,
    parse_number,
    parse_size,
    pluralize,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5G", 5 * 10**9),
        ("1.5G", 1_500_000_000),
        ("150M", 150_000_000),
        ("150 m", 150_000_000),
        ("2k", 2000),
        ("0.1T", 10**11),
        ("12", 12),
        (12, 12),
        (150e6, 150_000_000),
        (10**9.25, 1_778_279_410),
        (1999.5, 2000),
        ("1e9", 10**9),
        ("2.5e+3", 2500),
        ("0", 0),
    ],
)
def test_sizes_are_read_exactly(text: Any, value: int) -> None:
    assert parse_size(text) == value


@pytest.mark.parametrize(
    "text", ["", "G", "-5", "5GB", "1,5G", "five", True, None, "1e-3", "nan", [5], "1e999", "1_0", "٣"]
)
def test_other_sizes_are_refused(text: Any) -> None:
    with pytest.raises(InputError, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize("text", ["1.5", "0.1234K", "1778279410.0389228", 2.5])
def test_parts_of_one_are_refused(text: Any) -> None:
    with pytest.raises(InputError, match="is not a whole number"):
        parse_size(text)


@pytest.mark.parametrize(("text", "number"), [("1", 1), (" -2.5 ", -2.5), (".5e-1", 0.05), ("1e300", 1e300)])
def test_numbers_are_read(text: str, number: float) -> None:
    assert parse_number(text) == number


@pytest.mark.parametrize("text", ["", "1_0", "inf", "nan", "1e999", "0x10", "1,5", "1 2", "٣", "1e"])
def test_other_numbers_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        parse_number(text)


@pytest.mark.parametrize("text", ["1 2/255", "8/25 5", "1_0/255", "8/255/2", "inf", "8/", "8/0", "0x8/255"])
def test_other_fractions_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a fraction"):
        parse_fraction(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (999, "999"), (999.7, "1000"), (1000, "1K"), (1_234_567, "1.23M"), (5e9, "5G"), (999_900, "1000K")],
)
def test_sizes_are_shown_in_three_digits(value: float, text: str) -> None:
    assert format_size(value) == text


@given(st.integers(0, 10**15))
def test_shown_sizes_read_back_to_three_digits(value: int) -> None:
    assert parse_size(format_size(value)) == pytest.approx(value, rel=0.0051)


@pytest.mark.parametrize(
    ("value", "band"),
    [
        ("150M:250M", Band(150_000_000, 250_000_000)),
        (":1G", Band(0, 10**9)),
        ("1G:", Band(10**9, None)),
        (":", Band()),
        (["150M", 2e8], Band(150_000_000, 200_000_000)),
        ([None, None], Band()),
        (Band(1, 2), Band(1, 2)),
        ("5:5", Band(5, 5)),
    ],
)
def test_bands(value: Any, band: Band) -> None:
    assert parse_band(value) == band


@pytest.mark.parametrize("value", ["150M", "1:2:3", 5, [1], {"low": 1, "high": 2}, None])
def test_other_bands_are_refused(value: Any) -> None:
    with pytest.raises(InputError, match="is not a band"):
        parse_band(value)


def test_a_band_from_high_to_low_is_refused() -> None:
    with pytest.raises(InputError, match="is empty"):
        parse_band("2G:1G")


@pytest.mark.parametrize(
    ("value", "epsilon"),
    [("8/255", Fraction(8, 255)), ("8 / 255", Fraction(8, 255)), (0.1, Fraction(1, 10)), ("0", 0), (1, 1)],
)
def test_epsilons_are_exact(value: Any, epsilon: Fraction) -> None:
    assert parse_epsilon(value) == epsilon


@pytest.mark.parametrize(
    ("value", "message"),
    [("8", "write 8/255, not 8"), (-0.1, "below 0"), ("1/0", "not a fraction"), ("x", "not a fraction")],
)
def test_other_epsilons_are_refused(value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_epsilon(value)


def test_fractions_may_be_above_one() -> None:
    assert parse_fraction("5/4") == Fraction(5, 4)


def test_fields_of_a_model_come_back_as_they_are_written(tmp_path: Path) -> None:
    class Model(BaseModel):
        band: BandField
        epsilon: EpsilonField
        fraction: FractionField
        path: PathField

    written = {"band": "150M:", "epsilon": "8/255", "fraction": 1.25, "path": "data"}
    model = Model.model_validate(written, context={"folder": tmp_path})
    plain = model.model_dump(mode="json")
    assert plain == {
        "band": [150_000_000, None],
        "epsilon": "8/255",
        "fraction": "5/4",
        "path": str(tmp_path / "data"),
    }
    assert Model.model_validate(plain) == model


def test_one_is_no_plural() -> None:
    words = [pluralize(number, "image") for number in (0, 1, 2, 10_000)]
    assert words == ["0 images", "1 image", "2 images", "10,000 images"]


@pytest.mark.parametrize(
    "value",
    ["1e999999999", "1e-999999999", 10**5_000, "9" * 10**6, "1" * 10**6 + "/3", "[" * 10**6],
    ids=range(6),
)
def test_a_number_without_a_bound_is_refused_at_once(value: Any) -> None:
    for parse in (parse_fraction, parse_size, parse_band):
        with pytest.raises(InputError) as error:
            parse(value)
        assert len(str(error.value)) < 300
