"""Extend NNI's regularized evolution to more models in flight than its population holds."""

from rnas.nas.nni._library import ExecutableModelSpace, RegularizedEvolution


class BatchedEvolution(RegularizedEvolution):  # type: ignore[misc]
    """Regularized evolution (Real et al., AAAI 2019) that samples at random while no parent is known.

    NNI's own class counts models in flight as part of its population, and fails if it has no others or all failed.
    """

    def new_individual(self) -> ExecutableModelSpace:
        """Return a child of the winner of a tournament, or a random individual."""
        return super().new_individual() if self._population else self.random()
