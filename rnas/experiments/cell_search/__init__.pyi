from .found import (
    FindsNetwork as FindsNetwork,
    FoundNetwork as FoundNetwork,
)
from .method import (
    CellSearchMethod as CellSearchMethod,
    HeldBatch as HeldBatch,
    Mixture as Mixture,
)
from .settings import CellSearchSettings as CellSearchSettings
