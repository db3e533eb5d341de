from .samples import (
    genome_of as genome_of,
    sample_of as sample_of,
)
from .space import model_space as model_space
