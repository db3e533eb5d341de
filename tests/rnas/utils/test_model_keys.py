from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rnas.errors import InputError
from rnas.utils._model_keys import all_keys, field_of, known_keys, meaning, type_text, without_markup
from rnas.utils._yaml_files import explained


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Inner(Part):
    epochs: int = 1
    images: int | None = None


class One(Part):
    name: Literal["one"] = "one"
    rate: float = 0.1


class Two(Part):
    name: Literal["two"] = "two"
    steps: int = 1


class Outer(Part):
    inner: Inner = Inner()
    rungs: tuple[Inner, ...] | None = None
    kind: Annotated[One | Two, Field(discriminator="name")] = One()
    anything: dict[str, int] = {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"iner": {}}, "config: iner: unknown key; it has inner, rungs, kind, anything"),
        ({"inner": {"epoch": 1}}, "config: inner.epoch: unknown key; it has epochs, images"),
        ({"rungs": [{}, {"epoch": 1}]}, "config: rungs.1.epoch: unknown key; it has epochs, images"),
        ({"kind": {"name": "two", "rate": 0.2}}, "config: kind.two.rate: unknown key; it has name, steps"),
    ],
)
def test_an_unknown_key_is_told_with_those_of_its_level(content: object, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(content)
    assert str(explained(caught.value, "config", Outer)) == message


def test_where_keys_are_open_none_are_listed() -> None:
    assert known_keys(Outer, ["anything"]) == ()
    assert known_keys(Outer, ["nowhere"]) == ()


class Documented(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    steps: int | None = Field(1, ge=1)
    """Steps of ``SGD``, see
    :class:`rnas.training.Trainer`.
    """
    choices: tuple[Literal["a", "b"], ...] = ()
    parts: dict[str, int] = {}


class Quieter(Documented):
    steps: int | None = Field(2, ge=2)


def test_keys_are_listed_at_any_depth_with_the_members_of_unions_in_brackets() -> None:
    assert [key for key, _ in all_keys(Outer)] == [
        *("inner", "inner.epochs", "inner.images", "rungs", "rungs.epochs", "rungs.images", "kind", "kind(one).name"),
        *("kind(one).rate", "kind(two).name", "kind(two).steps", "anything"),
    ]


def test_a_field_is_found_by_its_key_and_described_by_the_nearest_class_that_does() -> None:
    assert field_of(Outer, "inner.epochs").default == field_of(Outer, "kind.steps").default == 1
    with pytest.raises(InputError, match=r"no setting 'inner\.step'"):
        field_of(Outer, "inner.step")
    steps = field_of(Quieter, "steps")
    assert (steps.default, meaning(steps)) == (2, "Steps of SGD, see Trainer.")
    assert Quieter.model_fields["steps"].description is None
    assert without_markup("a\n  ``b``") == "a b"


def test_types_are_said_in_words() -> None:
    assert [type_text(field_of(Documented, key)) for key in ("steps", "choices", "parts")] == [
        "integer >= 1 or null",
        "list of a|b",
        "mapping",
    ]
