from .networks import ComparedNetwork as ComparedNetwork
from .settings import (
    ComparisonSettings as ComparisonSettings,
    SharedTraining as SharedTraining,
    TuningBudget as TuningBudget,
)
