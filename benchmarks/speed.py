"""Measure processor seconds of parts of rnas, and their ratio to a plain loop of Python in the same run.

    python benchmarks/speed.py
    python benchmarks/speed.py --only proposal startup --json FILE

Seconds alone mean little on a machine that is busy or slow. The ratio to the loop of ``machine.py``, which is timed
before each part, can be compared between runs and machines.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from machine import PACE_ONE, gflops, least_seconds, loop
from threadpoolctl import threadpool_limits

from rnas.nas.evaluators.adversarial_training import AdversarialTraining, AdversarialTrainingSettings
from rnas.nas.evaluators.evaluator import Context, Task
from rnas.nas.predictors.gaussian_process import GaussianProcess
from rnas.nas.predictors.switching import Switching
from rnas.nas.strategies.surrogate_nsga2 import SurrogateNSGA2
from rnas.networks.residual import ResidualNetwork
from rnas.networks.zoo import find
from rnas.scaling_rules._fit import fit_observations
from rnas.scaling_rules.observations import Observations
from rnas.testing.predictor import samples
from rnas.testing.search_space import raw_genomes
from rnas.testing.strategy import ACCURACY, FLOPS, LARGE, LATENCY, SMALL, evaluated, toy_problem, toy_space
from search_spaces.robust_resnet import RobustResNetSpace

Part = tuple[str, Callable[[], object]]


def proposals() -> Iterator[Part]:
    """Time a batch of eight proposals from ledgers of many records, in an enumerable and in a large space."""
    for objectives in ((ACCURACY, FLOPS), (ACCURACY, LATENCY)):
        for name, records in ((SMALL, 1000), (SMALL, 5000), (LARGE, 1000), (LARGE, 10_000)):
            problem = toy_problem(toy_space(name), objectives)
            genomes = np.unique(problem.space.uniform(2 * records, np.random.default_rng(0)), axis=0)
            view = evaluated(problem, np.random.default_rng(0).permutation(genomes)[:records])
            strategy = SurrogateNSGA2(problem)
            problem.space.sample(1, np.random.default_rng(0))
            metrics = " and ".join(objective.metric for objective in objectives)
            yield (
                f"proposal of 8 in {name} after {records} records, {metrics}",
                lambda s=strategy, v=view: s.propose(8, v, np.random.default_rng(0)),
            )


def costs() -> Iterator[Part]:
    """Time costs in closed form."""
    space = RobustResNetSpace(RobustResNetSpace.Settings(), (3, 32, 32), 10)
    genomes = raw_genomes(space, 100_000)
    yield "costs of 100000 networks of robust-resnet", lambda: space.cost(genomes)
    yield "robust-resnet-a4 scaled to 40G FLOPs", lambda: find("robust-resnet-a4").scaled_to(40 * 10**9)


def predictors() -> Iterator[Part]:
    """Time fits to many evaluations."""
    many, few = samples(1000), samples(600)
    yield "Gaussian process fitted to 1000 evaluations", lambda: GaussianProcess().fit(*many).predict(many[0])
    yield "choice of a predictor on 600 evaluations", lambda: Switching().fit(*few)


def rules() -> Iterator[Part]:
    """Time the fit of a rule of depth and width."""
    for n in (100, 300):
        rng = np.random.default_rng(0)
        depths, widths = rng.integers(1, 9, size=(2, n, 3)).astype(np.float64)
        work = depths * widths**2
        flops, params = 4.7e6 * work.sum(axis=1), 4.6e3 * (work * 4.0 ** np.arange(3)).sum(axis=1)
        score = np.log(flops) - np.abs(depths / depths.sum(axis=1)[:, None] - [0.5, 0.2, 0.3]).sum(axis=1)
        score += 0.3 * rng.standard_normal(n)
        observations = Observations("score", score, depths, widths, flops, params, {}, tuple(map(str, range(n))))
        yield f"rule fitted to {n} evaluations", lambda o=observations: fit_observations(o, [])


def estimates() -> Iterator[Part]:
    """Time the cost estimate of a training, which must take much less time than the training."""
    settings = AdversarialTrainingSettings.model_validate({"train": {"fidelity": {"epochs": 20, "batch_size": 32}}})
    space = RobustResNetSpace(RobustResNetSpace.Settings(), *AdversarialTraining.image_format(settings))
    task = Task(ResidualNetwork((1, 1, 1), (8, 8, 16), stem_width=8, upsample=2), 0)
    evaluator = AdversarialTraining(settings, space)
    yield "estimate of a training on digits", lambda: evaluator.estimate(task, Context())
    yield "that training itself", lambda: evaluator.evaluate(task, Context())
    print(f"{evaluator.estimate(task, Context()).seconds:9.3f}{'':9}  its estimated duration, in wall time")


def startup() -> Iterator[Part]:
    """Time commands that compute nothing, each in its own process."""
    for words in (("--help",), ("zoo",), ("spaces",), ("recipes",)):
        command = [sys.executable, "-c", "from rnas.cli import main; main()", *words]
        yield f"rnas {words[0]}", lambda c=command: subprocess.run(c, check=True, capture_output=True)


PARTS = {part.__name__.rstrip("s"): part for part in (proposals, costs, predictors, rules, estimates, startup)}


def processor_seconds(function: Callable[[], object], repetitions: int) -> float:
    """Return the least processor time of a call, including the processes that it starts."""

    def now() -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + children.ru_utime + children.ru_stime

    found = []
    for _ in range(repetitions):
        started = now()
        function()
        found.append(now() - started)
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=tuple(PARTS), default=tuple(PARTS))
    parser.add_argument("--repetitions", type=int, default=3, help="number of repetitions, of which the fastest counts")
    parser.add_argument("--json", type=Path, help="write all figures here")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    pace = gflops() / PACE_ONE
    print(f"pace {pace:.2f}\n{'seconds':>9}{'loops':>9}")
    rows = []
    for name in arguments.only:
        reference = least_seconds(loop, 3)
        for label, function in PARTS[name]():
            with threadpool_limits(limits=1):
                seconds = processor_seconds(function, arguments.repetitions)
            rows.append({"what": label, "seconds": seconds, "loops": seconds / reference})
            print(f"{seconds:9.3f}{seconds / reference:9.2f}  {label}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps({"pace": pace, "figures": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
