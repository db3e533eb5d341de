"""Make Optuna's samplers (Akiba et al., KDD 2019) by name, and check their options."""

import inspect
import re
import warnings
from collections.abc import Callable, Mapping
from functools import reduce
from operator import or_
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler
from pydantic import TypeAdapter, ValidationError

from rnas.errors import InputError

# Optuna logs every study and trial itself, but progress should be shown only once.
optuna.logging.set_verbosity(optuna.logging.WARNING)

_PLAIN: dict[str, Any] = {"bool": bool, "int": int, "float": float, "str": str, "None": None}
_PICKLED = ("cma-es",)
"""Samplers that store themselves in a study as a pickle; reading a pickle executes it."""


def sampler_names() -> list[str]:
    """Return the names of the samplers that can be made from a seed alone.

    A name is that of the class in ``optuna.samplers`` without ``Sampler``, with hyphens between words and digits for
    Roman numbers: ``TPESampler`` is tpe, ``NSGAIISampler`` is nsga2, ``BruteForceSampler`` is brute-force.
    """
    return sorted(_classes().keys() - set(_PICKLED))


def make_sampler(source: str, name: Any, options: Any, objectives: int, seed: int) -> BaseSampler:
    """Make a new sampler.

    Args:
        source: text that messages begin with.
        name: one of :func:`sampler_names`.
        options: options of its class, by keyword; each is a number, a text or a truth value.
        objectives: number of objectives.
        seed: seed of its random numbers, in [0, 2^32).

    Raises:
        InputError: the sampler or an option is unknown, a value is wrong, or it does not support several objectives.
    """
    if name in _PICKLED:
        raise InputError(
            f"{source}: sampler {name} keeps its state as a pickle, which a resumed run would have to execute; "
            f"take one of {', '.join(sampler_names())}"
        )
    if name not in sampler_names():
        raise InputError(f"{source}: unknown sampler {name!r}; known: {', '.join(sampler_names())}")
    cls = _classes()[name]
    checked = _options(f"{source}: options", name, cls, options)
    with warnings.catch_warnings():
        # Optuna's warnings that a sampler may change are for programmers, not for users of rnas.
        warnings.simplefilter("ignore", ExperimentalWarning)
        try:
            sampler = cls(**checked, seed=seed)
            probe = optuna.create_study(directions=["minimize"] * objectives, sampler=sampler)
            probe.ask().suggest_categorical("variable", (0, 1))
            return cls(**checked, seed=seed)
        except ValueError as error:
            raise InputError(f"{source}: sampler {name}: {' '.join(str(error).split())}") from None


def _classes() -> dict[str, Callable[..., BaseSampler]]:
    """Return the classes that need no argument but a seed, by name."""
    found: dict[str, Any] = {}
    for spelled in optuna.samplers.__all__:
        cls = getattr(optuna.samplers, spelled)
        if not inspect.isclass(cls):
            continue
        parameters = inspect.signature(cls).parameters
        if "seed" in parameters and all(p.default is not p.empty for p in parameters.values()):
            found[_name(spelled)] = cls
    return found


def _name(spelled: str) -> str:
    stem = spelled.removesuffix("Sampler")
    stem = re.sub("III$", "3", stem)
    stem = re.sub("II$", "2", stem)
    return re.sub("(?<=[a-z])(?=[A-Z])", "-", stem).lower()


def _options(source: str, name: str, cls: Callable[..., BaseSampler], options: Any) -> dict[str, Any]:
    """Return the options if the class has them and their values have the declared types, else raise InputError."""
    if not isinstance(options, Mapping):
        raise InputError(f"{source}: {options!r} is not a mapping; write one such as {{population_size: 20}}")
    types = {}
    for parameter in inspect.signature(cls).parameters.values():
        kinds = [kind.strip() for kind in str(parameter.annotation).split("|")]
        if parameter.name != "seed" and set(kinds) <= _PLAIN.keys() and kinds != ["None"]:
            types[parameter.name] = reduce(or_, (_PLAIN[kind] for kind in kinds))
    for option, value in options.items():
        if option not in types:
            raise InputError(f"{source}: sampler {name} has no {option!r}; it has {', '.join(types) or 'no options'}")
        try:
            TypeAdapter(types[option]).validate_python(value, strict=True)
        except ValidationError as error:
            message = error.errors()[0]["msg"]
            raise InputError(f"{source}: {option}: {message[0].lower()}{message[1:]}, not {value!r}") from None
    return dict(options)
