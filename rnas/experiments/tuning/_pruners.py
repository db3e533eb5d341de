"""Make pruners by name; a pruner decides which trials stop before their last epoch."""

from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner

from rnas.experiments.tuning.settings import PrunerName

_WARMUP = 4
"""Share of the epochs in which the median stops nothing: early robust accuracy hardly predicts that at the end."""


def make_pruner(name: PrunerName, epochs: int) -> BasePruner:
    """Return a pruner for trials with this number of epochs.

    ``median`` stops a trial whose best accuracy so far is below the median of the complete trials at the same epoch
    (Golovin et al., KDD 2017), from the sixth trial on; ``hyperband`` runs successive halving with brackets of
    different first epochs (Li et al., JMLR 2018); ``none`` stops nothing.
    """
    if name == "median":
        # Epochs are counted from 1, and at this one it may stop a trial.
        return MedianPruner(n_warmup_steps=1 - (-epochs // _WARMUP))
    if name == "hyperband":
        return HyperbandPruner(min_resource=1, max_resource=epochs, reduction_factor=3)
    return NopPruner()
