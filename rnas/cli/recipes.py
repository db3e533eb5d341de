"""``rnas recipes``."""

import textwrap
from fractions import Fraction
from typing import Annotated

import typer
import yaml

from rnas import registry
from rnas.cli.console import AsJson, print_json, stdout
from rnas.data.augmentation import POLICIES
from rnas.report._blocks import Block, Table, columns
from rnas.report._terminal import print_blocks
from rnas.report._zoo import Sources
from rnas.training.averaging import EMA
from rnas.training.inner_attack import FreeAT
from rnas.training.recipe import Recipe

_WIDTH = 100
_LOSSES = {"cross-entropy": "the cross-entropy", "kl": "the divergence", "margin": "the margin"}


def recipes(
    name: Annotated[str | None, typer.Argument(help="Show all of one recipe, as YAML to edit.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the training recipes, or show all of one as YAML.

    An edited copy is a recipe too.

    Examples:

      rnas recipes trades > mine.yaml

      rnas train net.json --recipe mine.yaml
    """
    names = registry.names(registry.RECIPES) if name is None else [name]
    found: list[Recipe] = [registry.load(registry.RECIPES, known) for known in names]
    if as_json:
        content = {recipe.name: recipe.model_dump(mode="json") for recipe in found}
        print_json(content if name is None else content[name])
    elif name is None:
        print_blocks(stdout(), overview(found))
    else:
        print(recipe_text(found[0]), end="")


def recipe_text(recipe: Recipe) -> str:
    """Return a recipe as YAML that reads back as the same, below what it follows and what a reader must know."""
    content = recipe.model_dump(mode="json")
    source = content.pop("source")
    del content["note"]
    comments = [f"After {source}.", *recipe.remarks, f"Inner attack: {inner_attack_words(recipe)}."]
    lines = [line for text in comments if text for line in textwrap.wrap(text, _WIDTH - 2)]
    return "".join(f"# {line}\n" for line in lines) + yaml.safe_dump(content, sort_keys=False, width=_WIDTH)


def inner_attack_words(recipe: Recipe) -> str:
    """Return how a recipe makes its training images, in words."""
    inner_attack = recipe.inner_attack
    if inner_attack is None:
        return "none"
    step = _eps(inner_attack.step)
    if isinstance(inner_attack, FreeAT):
        return f"{inner_attack.replays} replays of each batch, steps of {step}"
    loss = _LOSSES.get(inner_attack.loss, inner_attack.loss)
    start = {
        "none": "from the image",
        "uniform": f"from uniform noise of {_eps(inner_attack.noise_share)}",
        "gaussian": f"from normal noise of {_eps(inner_attack.noise_share)}",
    }[inner_attack.noise]
    if inner_attack.steps == 1:
        return f"one step of {step} on {loss} {start}"
    return f"PGD-{inner_attack.steps} on {loss}, steps of {step}"


def overview(found: list[Recipe]) -> list[Block]:
    """Return a row for each recipe, and where it comes from."""
    sources = Sources()
    rows = tuple(
        (
            recipe.name,
            _loss_words(recipe),
            inner_attack_words(recipe),
            str(recipe.epochs),
            str(recipe.batch_size),
            "yes" if recipe.decay_normalization else "no",
            _other_words(recipe),
            sources.cite(recipe.source),
        )
        for recipe in found
    )
    headings = ("recipe", "loss", "inner attack", "epochs", "batch", "norm decays", "with", "after")
    return [
        Table(columns(*headings, words=3, last_words=3), rows, dense=True),
        "Epochs and batch are as published; norm decays: whether weight decay reaches the affine parameters of "
        "normalisation layers. rnas recipes NAME shows all of one, with its note.",
        sources.facts(),
    ]


def _loss_words(recipe: Recipe) -> str:
    beta = getattr(recipe.loss, "beta", None)
    return recipe.loss.name if beta is None else f"{recipe.loss.name}, beta {beta:g}"


def _averaging_words(recipe: Recipe) -> str:
    averaging = recipe.averaging
    if averaging is None:
        return ""
    return f"EMA of {averaging.decay:g}" if isinstance(averaging, EMA) else f"SWA from {averaging.start:.0%}"


def _other_words(recipe: Recipe) -> str:
    parts = {
        "AdamW": recipe.optimizer is not None,
        ", ".join(name for name in recipe.augmentation or () if name in POLICIES): recipe.augmentation is not None,
        f"drop path {recipe.drop_path}": recipe.drop_path is not None,
        f"l1 {recipe.l1:g}": bool(recipe.l1),
        _averaging_words(recipe): recipe.averaging is not None,
        f"{recipe.extra_fraction:.0%} extra data": bool(recipe.extra_fraction),
        "perturbed weights": recipe.weight_perturbation is not None,
        f"smoothing {recipe.label_smoothing:g}": bool(recipe.label_smoothing),
        f"{recipe.activation}": recipe.activation is not None,
        "a guard": recipe.overfitting_guard is not None,
    }
    return ", ".join(text for text, present in parts.items() if text and present) or "-"


def _eps(share: Fraction) -> str:
    """Return a share of epsilon."""
    return "eps" if share == 1 else f"{share} eps"
