"""Our spaces as NNI's: the same choices, the same networks, searched by NNI itself."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from nni.mutable.exception import ConstraintViolation, SampleValidationError
from nni.nas.evaluator import FunctionalEvaluator
from nni.nas.execution import SequentialExecutionEngine
from nni.nas.profiler.pytorch.flops import FlopsProfiler, NumParamsProfiler
from nni.nas.space import SimplifiedModelSpace, model_context
from nni.nas.strategy import GridSearch, Random, RegularizedEvolution

from rnas.errors import InputError
from rnas.nas.nni import genome_of, model_space, sample_of
from rnas.nas.nni.space import NetworkSpace
from rnas.nas.space import SearchSpace
from tests.rnas.nas.nni.nas import cells, fewer_params_are_better, params_of, residual, searched

SPACES = [cells(), cells(flops="40M:90M"), residual(), residual(flops="4M:8M")]
OPERATIONS = ["skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]
# NNI's profiler knows the shapes of few layers and operations.
COUNTED = [
    cells(narrow={variable.name: OPERATIONS for variable in cells().variables}),
    residual(activation=["relu"], squeeze_excitation=["none"], topology=["basic", "no-residual"]),
]
MIXED = {"normalization": ["batch", "group", "instance", "layer"], "activation": ["relu", "prelu", "mish"]}


def drawn(space: SearchSpace, n: int) -> Any:
    return space.sample(n, np.random.default_rng(0))


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_the_variables_are_the_spaces(space: SearchSpace) -> None:
    mutables = model_space(space).simplify()
    mutables.pop("bands", None)
    assert {name: tuple(mutable.values) for name, mutable in mutables.items()} == {
        variable.name: variable.choices for variable in space.variables
    }


@pytest.mark.parametrize("space", [*SPACES, residual(**MIXED)], ids=lambda space: space.name)
def test_a_frozen_sample_is_our_network(space: SearchSpace) -> None:
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    published = model_space(space)
    for genome in drawn(space, 4):
        sample = sample_of(space, genome)
        frozen, ours = published.freeze(sample), space.decode(genome).build(10, (3, 32, 32))
        assert type(frozen) is type(ours)
        assert params_of(frozen) == space.cost(genome[None]).params[0]
        frozen.load_state_dict(ours.state_dict())
        with torch.no_grad():
            assert (frozen.eval()(images) == ours.eval()(images)).all()


@pytest.mark.parametrize("space", COUNTED, ids=lambda space: space.name)
def test_nni_counts_the_same_cost(space: SearchSpace) -> None:
    image = torch.zeros(1, 3, 32, 32)
    for genome in drawn(space, 3):
        network = model_space(space).freeze(sample_of(space, genome))
        costs = space.cost(genome[None])
        only_products = {"count_bias": False, "count_normalization": False, "count_activation": False}
        assert FlopsProfiler(network, image, **only_products).profile({}) == costs.flops[0]
        assert NumParamsProfiler(network, image).profile({}) == costs.params[0]


def test_where_nni_chose_a_sample_the_space_is_its_network() -> None:
    space = residual()
    [genome] = drawn(space, 1)
    sample = sample_of(space, genome)
    executable = SimplifiedModelSpace.from_model(model_space(space)).freeze(sample).executable_model()
    with model_context(sample):
        made = NetworkSpace(space)
    for network in (executable, made):
        assert not isinstance(network, NetworkSpace)
        assert params_of(network) == space.cost(genome[None]).params[0]


@pytest.mark.parametrize("space", [cells(), residual()], ids=lambda space: space.name)
def test_genomes_become_samples_and_come_back(space: SearchSpace) -> None:
    raw = np.random.default_rng(0).integers(0, space.sizes, size=(50, len(space.sizes)))
    canonical = space.canonical(raw)
    assert (canonical != raw).any()
    for genome, same in zip(raw, canonical, strict=True):
        assert (genome_of(space, sample_of(space, genome)) == same).all()


def test_a_sample_that_is_not_canonical_is_its_canonical_network() -> None:
    space = residual()
    raw = np.random.default_rng(0).integers(0, space.sizes, size=(50, len(space.sizes)))
    other = raw[(space.canonical(raw) != raw).any(axis=1)][0]
    network = model_space(space).freeze(sample_of(space, other))
    assert params_of(network) == space.cost(space.canonical(other[None])).params[0]


def test_samples_that_are_none_of_the_spaces_are_refused() -> None:
    space = cells(flops="40M:90M")
    published = model_space(space)
    largest = dict.fromkeys((v.name for v in space.variables), "nor_conv_3x3")
    for frozen in (published, SimplifiedModelSpace.from_model(published)):
        with pytest.raises(ConstraintViolation, match="outside 40M:90M"):
            frozen.freeze(largest)
    with model_context(largest), pytest.raises(ConstraintViolation, match="outside"):
        NetworkSpace(space)
    with pytest.raises(SampleValidationError):
        model_space(cells()).freeze({**largest, "in-1": "max_pool"})
    with pytest.raises(InputError, match=r"in-1 = 'max_pool'; its choices are none"):
        genome_of(space, {**largest, "in-1": "max_pool"})
    with pytest.raises(InputError, match="no 'in-1'"):
        genome_of(space, {})


def test_random_samples_lie_in_the_narrowest_band() -> None:
    space = residual(flops="5M:5.5M")
    published = model_space(space)
    uniform = space.uniform(500, np.random.default_rng(0))
    assert (space.repair(uniform, np.random.default_rng(0)) == uniform).all(axis=1).mean() < 0.2
    drawings: list[list[dict[str, Any]]] = []
    for seed in (0, 0, 1):
        source, samples = np.random.RandomState(seed), []
        for _ in range(20):
            samples.append({})
            published.random(samples[-1], source)
        drawings.append(samples)
    genomes = np.array([genome_of(space, sample) for sample in drawings[0]])
    flops = space.cost(genomes).flops
    assert flops.min() >= 5_000_000
    assert flops.max() <= 5_500_000
    assert len(np.unique(genomes, axis=0)) > 10
    assert drawings[0] == drawings[1] != drawings[2]


@pytest.mark.parametrize("space", [SPACES[1], SPACES[3]], ids=lambda space: space.name)
def test_nni_searches_inside_the_bands(space: SearchSpace) -> None:
    for strategy in (Random(seed=0), RegularizedEvolution(population_size=4, sample_size=2, seed=0)):
        models = searched(space, strategy, FunctionalEvaluator(fewer_params_are_better), 8)
        assert len(models) == 8
        genomes = np.array([genome_of(space, model.sample) for model in models])
        assert (space.repair(genomes, np.random.default_rng(0)) == genomes).all()
        assert [round(-1e6 * model.metric) for model in models] == space.cost(genomes).params.tolist()


def test_a_grid_inside_bands_is_every_network_once() -> None:
    space = cells(flops="40M:50M", narrow={"in-1": ["none"], "in-2": ["skip_connect"]})
    samples = [model.sample for model in SimplifiedModelSpace.from_model(model_space(space)).grid()]
    genomes = np.array([genome_of(space, sample) for sample in samples])
    assert 1 < len(genomes) == len(space.enumeration)
    assert (genomes == space.enumeration).all()


def test_what_nni_cannot_do_in_bands_is_refused() -> None:
    published = SimplifiedModelSpace.from_model(model_space(residual(flops="4M:8M")))
    with pytest.raises(InputError, match="too large for a grid"):
        GridSearch()(published, SequentialExecutionEngine(max_model_count=1))
    with pytest.raises(InputError, match="without bands"):
        published.simplify()["bands"].as_legacy_dict()


PROGRAM = """
import rnas.nas.search, sys
assert "nni" not in sys.modules
sys.modules["nni"] = None
from rnas.errors import InputError
try:
    from rnas.nas.nni import model_space
except InputError as error:
    print(error)
"""

EXPERIMENT = """
from nni.nas.evaluator import FunctionalEvaluator
from nni.nas.experiment import NasExperiment
from nni.nas.experiment.config import SequentialEngineConfig
from nni.nas.strategy import RegularizedEvolution
from rnas.nas.nni import genome_of, model_space
from tests.rnas.nas.nni.nas import cells, fewer_params_are_better

space = cells(flops="40M:90M")
strategy = RegularizedEvolution(population_size=4, sample_size=2, seed=0)
experiment = NasExperiment(model_space(space), FunctionalEvaluator(fewer_params_are_better), strategy)
experiment.config.execution_engine = SequentialEngineConfig(max_model_count=10)
experiment.run()
[best] = experiment.export_top_models(formatter="dict")
print("best", space.cost(genome_of(space, best)[None]).params[0])
"""


def ran(program: str, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **variables},
        cwd=Path(__file__).parents[4],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_nni_one_line_says_what_to_install() -> None:
    assert ran(PROGRAM) == 'nni is not installed: pip install "rnas[nni]"\n'


@pytest.mark.slow
def test_an_experiment_of_nni_runs_to_its_end(tmp_path: Path) -> None:
    [best] = [line for line in ran(EXPERIMENT, HOME=str(tmp_path)).splitlines() if line.startswith("best ")]
    assert int(best.split()[1]) < 1_000_000
