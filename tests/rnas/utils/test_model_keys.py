from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rnas.utils.model_keys import known_keys
from rnas.utils.yaml_files import explained


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
    ladder: tuple[Inner, ...] | None = None
    kind: Annotated[One | Two, Field(discriminator="name")] = One()
    anything: dict[str, int] = {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"iner": {}}, "config: iner: unknown key; it has inner, ladder, kind, anything"),
        ({"inner": {"epoch": 1}}, "config: inner.epoch: unknown key; it has epochs, images"),
        ({"rungs": [{}, {"epoch": 1}]}, "config: ladder.1.epoch: unknown key; it has epochs, images"),
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
