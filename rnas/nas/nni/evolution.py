"""NNI's regularized evolution where more models are in flight than its population holds."""

from rnas.nas.nni.library import ExecutableModelSpace, RegularizedEvolution


class BatchedEvolution(RegularizedEvolution):  # type: ignore[misc]
    """Regularized evolution (Real et al., AAAI 2019) that samples at random while no parent is known.

    NNI's counts models in flight among its population, and breaks where it has no others or all of them failed.
    """

    def new_individual(self) -> ExecutableModelSpace:
        """A child of the best of a tournament, or one at random."""
        return super().new_individual() if self._population else self.random()
