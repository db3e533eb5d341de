"""Options that are made from models."""

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import typer
from pydantic import BaseModel, ConfigDict, Field, PositiveInt
from typer.testing import CliRunner

from rnas.cli.options import Setting, with_settings
from rnas.errors import InputError
from rnas.utils.quantities import FractionField, ShareField

SEEN: list[dict[str, Any]] = []


class Inner(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    epochs: PositiveInt | None = None
    """Passes over the images."""


class Outer(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    inner: Inner = Inner()
    trials: int = Field(20, ge=2, lt=100)
    """Trainings in all."""
    attacks: tuple[str, ...] = ("fgsm", "pgd20")
    """Names of attacks."""
    device: Literal["cpu", "cuda"] = "cpu"
    """Where it runs."""
    flags: bool = True
    """Whether flags are looked for."""
    eps: FractionField | None = None
    """Radius of
    the attacks."""
    folder: Path
    """Where the data are."""
    images: int | None = None
    """Images to train on; None is all."""
    hours: float = 2.0
    """Hours in all."""
    recipe: Inner = Field(default_factory=Inner)
    """How to train."""
    budgets: tuple[int, ...] = ()
    """Sizes."""
    share: ShareField = 0.05
    """Tolerance."""


@pytest.fixture
def app() -> typer.Typer:
    SEEN.clear()
    made = typer.Typer(rich_markup_mode=None, add_completion=False)

    @made.command()
    @with_settings(
        Outer,
        Setting("inner.epochs", default="the recipe's"),
        "trials",
        "attacks",
        "device",
        "flags",
        "eps",
        "folder",
        "images",
        Setting("hours", shows_default=False),
        Setting("recipe", default="none"),
        Setting("budgets", repeated=True, metavar="SIZE"),
        "share",
    )
    def run(
        network: Annotated[str, typer.Argument(help="What is trained.")],
        settings: dict[str, Any],
        dry_run: Annotated[bool, typer.Option(help="Train nothing.")] = False,
    ) -> None:
        """Do something."""
        SEEN.append({"network": network, "dry_run": dry_run, **settings})

    return made


def test_only_what_is_given_is_set_and_read_as_the_model_takes_it(app) -> None:
    words = "net --folder data --epochs 3 --attacks fgsm,pgd7 --no-flags --eps 8/255 --dry-run"
    result = CliRunner().invoke(app, words.split())
    assert result.exit_code == 0, result.output
    assert [
        {
            "network": "net",
            "dry_run": True,
            "folder": Path("data"),
            "epochs": 3,
            "attacks": ["fgsm", "pgd7"],
            "flags": False,
            "eps": "8/255",
        }
    ] == SEEN


def test_lists_are_repeated_models_read_from_files_and_texts_left_to_the_model(app, tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text("epochs: 4\n")
    words = ["net", "--folder", "data", "--recipe", str(file), "--budgets", "3", "--budgets", "4", "--share", "5%"]
    assert CliRunner().invoke(app, words).exit_code == 0
    (seen,) = SEEN
    assert (seen["recipe"], seen["budgets"], seen["share"]) == ({"epochs": 4}, ["3", "4"], "5%")
    assert CliRunner().invoke(app, [*words[:3], "--recipe", "sat"]).exit_code == 0
    assert SEEN[1]["recipe"] == "sat"
    missing = CliRunner().invoke(app, [*words[:3], "--recipe", str(tmp_path / "missing.yaml")])
    assert isinstance(missing.exception, InputError)
    assert "missing.yaml: cannot be read" in str(missing.exception)


def test_help_says_what_the_model_says_with_defaults_and_bounds(app) -> None:
    text = " ".join(CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).output.split())
    for words in (
        "Passes over the images [default: the recipe's].",
        "2<=x<=99",
        "Trainings in all [default: 20].",
        "Names of attacks [default: fgsm,pgd20].",
        "--device cpu|cuda",
        "--flags / --no-flags",
        "Radius of the attacks.",
        "What is trained.",
        "Images to train on [default: all].",
        "Hours in all.",
        "How to train, or a YAML file of it [default: none].",
        "--budgets SIZE",
        "Sizes. May be repeated.",
        "Tolerance [default: 0.05].",
    ):
        assert words in text


@pytest.mark.parametrize("words", ["net", "net --folder f --trials 1", "net --folder f --epochs x", "--folder f"])
def test_bounds_types_and_what_is_required_are_checked(app, words: str) -> None:
    assert CliRunner().invoke(app, words.split()).exit_code == 2
    assert not SEEN


def test_a_key_that_the_model_does_not_have_is_refused() -> None:
    with pytest.raises(InputError, match=r"Outer has no setting 'inner\.steps'"):
        with_settings(Outer, "inner.steps")
