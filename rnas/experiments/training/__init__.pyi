from .checkpoint import Checkpoint as Checkpoint
from .setup import Setup as Setup
from .settings import TrainingRunSettings as TrainingRunSettings
