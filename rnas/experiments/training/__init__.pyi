from .checkpoint import Checkpoint as Checkpoint
from .settings import TrainingRunSettings as TrainingRunSettings
from .setup import Setup as Setup
