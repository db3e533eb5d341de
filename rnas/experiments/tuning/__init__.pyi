from .settings import TuningSettings as TuningSettings
