"""Convert genomes to NNI's samples and back; a sample is a dictionary with one choice for each variable."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnas._typing import Integers
from rnas.errors import InputError
from rnas.nas.space import Choice, SearchSpace


def sample_of(space: SearchSpace, genome: Integers) -> dict[str, Choice]:
    """Return the sample of a genome (v,): the choice of each variable by its name, in the space's order."""
    return {v.name: v.choices[int(index)] for v, index in zip(space.variables, genome, strict=True)}


def genome_of(space: SearchSpace, sample: Mapping[str, Any]) -> Integers:
    """Return the canonical genome (v,) of a sample, inside the bands or not.

    Samples of the same network have the same genome. Entries of the sample that are not variables of the
    space, such as choices of an evaluator, are ignored.

    Raises:
        InputError: a variable is missing or has an unknown choice.
    """
    genome = []
    for variable in space.variables:
        if variable.name not in sample:
            names = ", ".join(v.name for v in space.variables)
            raise InputError(f"the sample has no {variable.name!r}; space {space.name!r} needs {names}")
        choice = sample[variable.name]
        if choice not in variable.choices:
            known = ", ".join(map(str, variable.choices))
            raise InputError(f"the sample has {variable.name} = {choice!r}; its choices are {known}")
        genome.append(variable.choices.index(choice))
    canonical: Integers = space.canonical(np.array([genome], dtype=np.int64))[0]
    return canonical
