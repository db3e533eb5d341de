"""Fit BoTorch's models to results, and compute its noisy expected hypervolume improvement of genomes."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnas._typing import Floats, Integers
from rnas.nas.objective import Objective
from rnas.nas.strategies._acquisition import Box
from rnas.nas.strategy import Problem

with warnings.catch_warnings():
    # A requirement of BoTorch uses what PyTorch has deprecated.
    warnings.filterwarnings("ignore", message="`torch.jit", category=DeprecationWarning)
    from botorch.acquisition.logei import qLogNoisyExpectedImprovement
    from botorch.acquisition.multi_objective import logei
    from botorch.exceptions import BadInitialCandidatesWarning, InputDataWarning, ModelFittingError, OptimizationWarning
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import MixedSingleTaskGP, ModelList, SingleTaskGP
    from botorch.models.deterministic import GenericDeterministicModel
    from botorch.sampling import IIDNormalSampler, ListSampler, SobolQMCNormalSampler
    from botorch.sampling.index_sampler import IndexSampler
    from gpytorch.mlls import ExactMarginalLogLikelihood
    from linear_operator.utils.warnings import NumericalWarning

_AT_ONCE = 256
"""Number of genomes whose acquisition is computed at once, so that memory is bounded."""


class Acquisition:
    """The noisy expected improvement of genomes, by Gaussian processes and exact functions of the known objectives.

    Args:
        problem: the problem to search; at least one objective is not known.
        box: box of the hypervolume.
        genomes: (n, v) complete evaluations.
        points: (n, objectives) their results, minimised.
        pending: (p, v) genomes without a result.
        samples: number of draws from the posterior.
        seed: seed of everything random.
    """

    def __init__(
        self,
        problem: Problem,
        box: Box,
        genomes: Integers,
        points: Floats,
        pending: Integers,
        samples: int,
        seed: int,
    ) -> None:
        self._problem, self._box, self._seed = problem, box, seed
        space = problem.space
        ordered = np.array([variable.ordered for variable in space.variables])
        self._units = np.where(ordered, np.maximum(space.sizes - 1, 1), 1).astype(np.float64)
        self._categorical = np.flatnonzero(~ordered).tolist()
        known = problem.known(genomes)
        self._predicted = [place for place, o in enumerate(problem.objectives) if o.metric not in known]
        inputs = self._inputs(genomes)
        # BoTorch maximises.
        outcomes = torch.from_numpy(1.0 - box.scaled(points))
        with self._deterministic():
            self._processes = {place: self._fitted(inputs, outcomes[:, [place]]) for place in self._predicted}
            models = [
                self._processes.get(place) or GenericDeterministicModel(self._known_outcome(place))
                for place in range(len(problem.objectives))
            ]
            options: dict[str, Any] = {"X_baseline": inputs, "prune_baseline": True, "cache_root": False}
            waiting = self._inputs(pending) if len(pending) else None
            samplers = self._samplers(torch.Size([samples]), seed)
            if len(models) == 1:
                [model], [sampler] = models, samplers
                self._function = qLogNoisyExpectedImprovement(model, sampler=sampler, X_pending=waiting, **options)
            else:
                # The loader of the compiled kernel would run a compiler, and the kernel rounds in another way.
                logei._load_attempted = True
                self._function = logei.qLogNoisyExpectedHypervolumeImprovement(
                    ModelList(*models),
                    ref_point=[0.0] * len(models),
                    sampler=ListSampler(*samplers),
                    X_pending=waiting,
                    **options,
                )
        self._waiting = waiting

    def values(self, genomes: Integers) -> Floats:
        """Return the acquisition (n,) of genomes (n, v)."""
        with self._deterministic(), torch.no_grad():
            parts = [self._function(part[:, None]) for part in torch.split(self._inputs(genomes), _AT_ONCE)]
        return np.asarray(torch.cat(parts).numpy())

    def add_pending(self, genomes: Integers) -> None:
        """Treat genomes (n, v) as proposed."""
        more = self._inputs(genomes)
        self._waiting = more if self._waiting is None else torch.cat([self._waiting, more])
        with self._deterministic():
            self._function.set_X_pending(self._waiting)

    def predictions(self, genomes: Integers) -> list[tuple[Objective, Floats, Floats]]:
        """Predict new results, with noise: for each predicted objective mean and std (n,), minimised."""
        found = []
        extent = self._box.reference - self._box.ideal
        for place, process in self._processes.items() if len(genomes) else ():
            with self._deterministic(), torch.no_grad():
                posterior = process.posterior(self._inputs(genomes), observation_noise=True)
                mean, variance = (part[:, 0].numpy() for part in (posterior.mean, posterior.variance))
            minimised = self._box.ideal[place] + extent[place] * (1.0 - mean)
            found.append((self._problem.objectives[place], minimised, extent[place] * np.sqrt(variance)))
        return found

    def _inputs(self, genomes: Integers) -> Tensor:
        return torch.from_numpy(genomes / self._units)

    def _fitted(self, inputs: Tensor, outcome: Tensor) -> Any:
        """Return a Gaussian process that is fitted to outcomes (n, 1)."""
        if self._categorical:
            process = MixedSingleTaskGP(inputs, outcome, cat_dims=self._categorical)
        else:
            process = SingleTaskGP(inputs, outcome)
        try:
            fit_gpytorch_mll(ExactMarginalLogLikelihood(process.likelihood, process))
        except ModelFittingError:
            # The modes of the priors, from which the fit started, are hyperparameters too.
            process.eval()
        return process

    def _samplers(self, shape: torch.Size, seed: int) -> list[Any]:
        """Return the sampler of each objective; several Sobol sequences would depend on each other."""
        normal = SobolQMCNormalSampler if len(self._predicted) == 1 else IIDNormalSampler
        return [
            (normal if place in self._predicted else IndexSampler)(shape, seed=seed + place)
            for place in range(len(self._problem.objectives))
        ]

    def _known_outcome(self, place: int) -> Any:
        """Return the function from inputs (..., v) to a known objective (..., 1), scaled and maximised."""
        objective = self._problem.objectives[place]

        def outcome(inputs: Tensor) -> Tensor:
            rows = np.rint(inputs.detach().numpy().reshape(-1, inputs.shape[-1]) * self._units).astype(np.int64)
            genomes, back = np.unique(rows, axis=0, return_inverse=True)
            values = objective.sign * self._problem.known(genomes)[objective.metric]
            span = self._box.reference[place] - self._box.ideal[place]
            scaled = 1.0 - (values - self._box.ideal[place]) / span
            return torch.from_numpy(scaled[back.reshape(-1)]).reshape(*inputs.shape[:-1], 1)

        return outcome

    @contextmanager
    def _deterministic(self) -> Iterator[None]:
        """Seed PyTorch for a moment, and silence what BoTorch says of its own numerics."""
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            torch.manual_seed(self._seed)
            for category in (BadInitialCandidatesWarning, InputDataWarning, NumericalWarning, OptimizationWarning):
                warnings.simplefilter("ignore", category)
            yield
