"""A search space as a model space of NNI, for those who search with NNI."""

from typing import Any

from torch import nn

from rnas.nas.nni.bands import InsideBands, has_bands, violation
from rnas.nas.nni.library import Categorical, ConstraintViolation, ModelSpace
from rnas.nas.nni.samples import genome_of
from rnas.nas.space import SearchSpace


class NetworkSpace(ModelSpace):  # type: ignore[misc]
    """See :func:`model_space`. Importable under its name, as NNI's trials need it."""

    def __init__(self, space: SearchSpace) -> None:
        super().__init__()
        self.space = space
        if has_bands(space):
            self.add_mutable(InsideBands(space))
        for variable in space.variables:
            self.add_mutable(Categorical(variable.choices, label=variable.name))

    @classmethod
    def create_fixed_module(cls, sample: dict[str, Any], space: SearchSpace) -> nn.Module:
        """What stands for the model space where NNI has chosen a sample: that network itself."""
        return network_of(space, sample)

    def freeze(self, sample: dict[str, Any]) -> nn.Module:
        """The network of a sample, with weights of its own; SampleValidationError where it is none of the space's."""
        self.validate(sample)
        return network_of(self.space, sample)


def model_space(space: SearchSpace) -> NetworkSpace:
    """The space for NNI's multi-trial strategies: one ``Categorical`` a variable, of its name and its choices.

    A sample frozen there is the network that ``space.decode(genome).build(...)`` gives, a plain module without a trace
    of NNI. A sample that is not canonical is the network of its canonical form. A sample outside the space's bands is
    refused with NNI's ``ConstraintViolation``, at which NNI's evolution and random search try again; both draw their
    random samples inside, see :class:`rnas.nas.nni.bands.InsideBands`. NNI's TPE does not try again: give it a space
    without bands. One-shot strategies need a network with all choices in it, which this is not.

    NNI's profiler, told to leave out bias, normalisation and activation, counts our FLOPs where it knows the shapes of
    what a network is made of; it knows no splits and few activations. ``space.cost`` counts every network.

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
            nni.report_final_result(robust_accuracy(network))  # of yours

        experiment = NasExperiment(model_space(space), FunctionalEvaluator(evaluate), RegularizedEvolution())
        experiment.config.execution_engine = SequentialEngineConfig(max_model_count=100)
        experiment.run()
        [best] = experiment.export_top_models(formatter="dict")
        architecture = space.decode(genome_of(space, best))

    Args:
        space: bound to its images, see :class:`rnas.nas.space.SearchSpace`.
    """
    return NetworkSpace(space)


def network_of(space: SearchSpace, sample: dict[str, Any]) -> nn.Module:
    """The network of a sample; InputError for foreign choices, ConstraintViolation outside the bands."""
    genome = genome_of(space, sample)
    wrong = violation(space, genome)
    if wrong is not None:
        raise ConstraintViolation(wrong)
    return space.decode(genome).build(space.num_classes, space.input_shape)
