"""Use rnas search spaces as model spaces of NNI; this needs the extra ``nni``."""

from rnas.nas.nni.samples import genome_of, sample_of
from rnas.nas.nni.space import model_space

__all__ = ["genome_of", "model_space", "sample_of"]
