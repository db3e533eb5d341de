"""Make a search space a model space of NNI."""

from typing import Any

from torch import nn

from rnas.nas.nni._bands import InsideBands, has_bands, violation
from rnas.nas.nni._library import Categorical, ConstraintViolation, ModelSpace
from rnas.nas.nni.samples import genome_of
from rnas.nas.space import SearchSpace


class NetworkSpace(ModelSpace):  # type: ignore[misc]
    """Model space of :func:`model_space`; it can be imported by name, as NNI's trials require."""

    def __init__(self, space: SearchSpace) -> None:
        super().__init__()
        self.space = space
        if has_bands(space):
            self.add_mutable(InsideBands(space))
        for variable in space.variables:
            self.add_mutable(Categorical(variable.choices, label=variable.name))

    @classmethod
    def create_fixed_module(cls, sample: dict[str, Any], space: SearchSpace) -> nn.Module:
        """Return the network of a sample that NNI has chosen."""
        return network_of(space, sample)

    def freeze(self, sample: dict[str, Any]) -> nn.Module:
        """Build the network of a sample, with new weights; raise SampleValidationError if it is of another space."""
        self.validate(sample)
        return network_of(self.space, sample)


def model_space(space: SearchSpace) -> NetworkSpace:
    """Return the space for NNI's multi-trial strategies, with one ``Categorical`` for each variable.

    A frozen sample is the network that ``space.decode(genome).build(...)`` returns, a plain module without NNI classes.
    A sample that is not canonical gives the network of its canonical form. A sample outside the bands raises NNI's
    ``ConstraintViolation``, after which NNI's evolution and random search try again. Both draw their random samples
    inside the bands, see :class:`rnas.nas.nni._bands.InsideBands`. NNI's TPE does not try again: give it a space
    without bands. One-shot strategies need a network that contains all choices, so that they cannot be used here.

    NNI's profiler counts the FLOPs of rnas if it is set to leave out bias, normalisation and activation, and if it
    knows the shapes of all operations of a network; it does not know splits and most activations. ``space.cost`` counts
    every network.

    Search NAS-Bench-201's cells with NNI, in this process::

        import nni
        from nni.nas.evaluator import FunctionalEvaluator
        from nni.nas.experiment import NasExperiment
        from nni.nas.experiment.config import SequentialEngineConfig
        from nni.nas.strategy import RegularizedEvolution
        from rnas import registry
        from rnas.nas.nni import genome_of, model_space

        cells = registry.load(registry.SEARCH_SPACES, "nas-bench-201")
        space = cells(cells.Settings(flops="40M:90M"), (3, 32, 32), 10)

        def evaluate(network):
            nni.report_final_result(robust_accuracy(network))  # a function of your own

        experiment = NasExperiment(model_space(space), FunctionalEvaluator(evaluate), RegularizedEvolution())
        experiment.config.execution_engine = SequentialEngineConfig(max_model_count=100)
        experiment.run()
        [best] = experiment.export_top_models(formatter="dict")
        architecture = space.decode(genome_of(space, best))

    Args:
        space: search space with its image shape, see :class:`rnas.nas.SearchSpace`.
    """
    return NetworkSpace(space)


def network_of(space: SearchSpace, sample: dict[str, Any]) -> nn.Module:
    """Return the network of a sample.

    Raises:
        InputError: a choice is unknown.
        ConstraintViolation: the network is outside the bands.
    """
    genome = genome_of(space, sample)
    wrong = violation(space, genome)
    if wrong is not None:
        raise ConstraintViolation(wrong)
    return space.decode(genome).build(space.num_classes, space.input_shape)
