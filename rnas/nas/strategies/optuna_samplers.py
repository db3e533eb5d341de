"""Optuna's samplers (Akiba et al., KDD 2019) by name, with their options checked."""

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

# Optuna announces every study and trial on its own; here progress is told once.
optuna.logging.set_verbosity(optuna.logging.WARNING)

_PLAIN: dict[str, Any] = {"bool": bool, "int": int, "float": float, "str": str, "None": None}
_PICKLED = ("cma-es",)
"""Samplers that keep themselves in a study as a pickle, which to read is to run."""


def sampler_names() -> list[str]:
    """Names of the samplers that can be made from a seed alone.

    The name is the class's in ``optuna.samplers`` without ``Sampler``, words joined by hyphens, Roman numbers as
    digits: ``TPESampler`` is tpe, ``NSGAIISampler`` nsga2, ``BruteForceSampler`` brute-force.
    """
    return sorted(_classes().keys() - set(_PICKLED))


def make_sampler(source: str, name: Any, options: Any, objectives: int, seed: int) -> BaseSampler:
    """A new sampler.

    Args:
        source: what to call it in messages.
        name: one of :func:`sampler_names`.
        options: of its class, by keyword; those that are a number, a text or a truth value.
        objectives: that it has to do.
        seed: of its random numbers, in [0, 2^32).

    Raises:
        InputError: there is no such sampler or option, a value is wrong, or it does not do several objectives.
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
        # That Optuna may change a sampler is for those who program with it.
        warnings.simplefilter("ignore", ExperimentalWarning)
        try:
            sampler = cls(**checked, seed=seed)
            probe = optuna.create_study(directions=["minimize"] * objectives, sampler=sampler)
            probe.ask().suggest_categorical("variable", (0, 1))
            return cls(**checked, seed=seed)
        except ValueError as error:
            raise InputError(f"{source}: sampler {name}: {' '.join(str(error).split())}") from None


def _classes() -> dict[str, Callable[..., BaseSampler]]:
    """Classes that take a seed and need nothing else, by name."""
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
    """The options, if the class has them and their values are of the type that it says."""
    if not isinstance(options, Mapping):
        raise InputError(f"{source}: {options!r} is no mapping; write one such as {{population_size: 20}}")
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
