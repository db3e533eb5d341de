"""Tell SMAC3 the results of a search, and ask what it suggests."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from ConfigSpace import CategoricalHyperparameter, Configuration, ConfigurationSpace, UniformIntegerHyperparameter
from smac import HyperparameterOptimizationFacade, Scenario
from smac.main.exceptions import ConfigurationSpaceExhaustedException
from smac.multi_objective.parego import ParEGO
from smac.runhistory.dataclasses import TrialInfo, TrialValue

from rnas._typing import Floats, Integers
from rnas.nas.space import SearchSpace

_SEED = 0
"""Seed of every trial: evaluations are told as deterministic, so that none is repeated."""


@contextmanager
def optimizer(
    space: SearchSpace, genomes: Integers, points: Floats, running: Integers, seed: int
) -> Iterator[Iterator[Integers]]:
    """Provide the suggestions of SMAC3 as genomes (v,), which may be not canonical or outside the bands.

    Args:
        space: search space of the genomes.
        genomes: (n, v) complete evaluations, n >= 1.
        points: (n, objectives) their results, minimised.
        running: (k, v) genomes that are not suggested and have no result.
        seed: seed of everything random.
    """
    logger = logging.getLogger("smac")
    level = logger.level
    # SMAC logs when it falls back to random suggestions, which is no concern of a user of rnas.
    logger.setLevel(logging.CRITICAL)
    try:
        with TemporaryDirectory() as folder:
            yield _suggestions(_told(space, genomes, points, running, seed, folder), len(space.variables))
    finally:
        logger.setLevel(level)


def _told(
    space: SearchSpace, genomes: Integers, points: Floats, running: Integers, seed: int, folder: str
) -> HyperparameterOptimizationFacade:
    """Return SMAC3 with all results."""
    names = [_name(place) for place in range(len(space.variables))]
    parameters: list[Any] = [
        UniformIntegerHyperparameter(name, 0, len(variable.choices) - 1)
        if variable.ordered and len(variable.choices) > 1
        else CategoricalHyperparameter(name, list(range(len(variable.choices))))
        for name, variable in zip(names, space.variables, strict=True)
    ]
    configurations = ConfigurationSpace(seed=seed)
    configurations.add(parameters)

    def configuration(genome: Integers) -> Configuration:
        return Configuration(configurations, values=dict(zip(names, genome.tolist(), strict=True)))

    objectives = [f"objective{place}" for place in range(points.shape[1])]
    scenario = Scenario(
        configurations,
        objectives=objectives if len(objectives) > 1 else objectives[0],
        deterministic=True,
        n_trials=10**9,
        seed=seed,
        output_directory=folder,
    )
    with warnings.catch_warnings():
        # SMAC calls a deprecated method of ConfigSpace.
        warnings.filterwarnings("ignore", message=r"Please use `dict\(config\)`", category=DeprecationWarning)
        smac = HyperparameterOptimizationFacade(
            scenario,
            _never_called,
            multi_objective_algorithm=ParEGO(scenario) if len(objectives) > 1 else None,
            # SMAC wants one first configuration; that of a known result is not suggested.
            initial_design=HyperparameterOptimizationFacade.get_initial_design(
                scenario, n_configs=0, additional_configs=[configuration(genomes[0])]
            ),
            logging_level=False,
            overwrite=True,
        )
    for genome, point in zip(genomes, points.tolist(), strict=True):
        cost = point if len(point) > 1 else point[0]
        smac.tell(TrialInfo(configuration(genome), seed=_SEED), TrialValue(cost=cost), save=False)
    for genome in running:
        smac.runhistory.add_running_trial(TrialInfo(configuration(genome), seed=_SEED))
    return smac


def _suggestions(smac: HyperparameterOptimizationFacade, variables: int) -> Iterator[Integers]:
    while True:
        try:
            suggested = smac.ask().config
        except (ConfigurationSpaceExhaustedException, StopIteration):
            return
        yield np.array([int(suggested[_name(place)]) for place in range(variables)], dtype=np.int64)


def _name(place: int) -> str:
    # ConfigSpace sorts by name.
    return f"variable{place:04d}"


def _never_called(_: Configuration, seed: int = _SEED) -> float:
    raise NotImplementedError(seed)
