from . import (
    cell_search as cell_search,
    comparison as comparison,
    listeners as listeners,
    replications as replications,
    reproduction as reproduction,
    supernet as supernet,
    training as training,
    tuning as tuning,
)
from ._references import (
    Reference as Reference,
    resolve as resolve,
)
from .seeded_trainings import (
    SeededTrainings as SeededTrainings,
    TrainingGroup as TrainingGroup,
)
