from .settings import SupernetSettings as SupernetSettings
from .shared_space import SharesWeights as SharesWeights
from .supernet import (
    Path as Path,
    Supernet as Supernet,
)
from .trainer import SupernetTrainer as SupernetTrainer
