from . import (
    comparison as comparison,
    replications as replications,
    reproduction as reproduction,
    training as training,
    tuning as tuning,
)
from .seeded_trainings import (
    SeededTrainings as SeededTrainings,
    TrainingGroup as TrainingGroup,
)
