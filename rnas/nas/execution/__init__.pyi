from .executor import (
    Executor as Executor,
    Limits as Limits,
)
from .in_process import InProcess as InProcess
from .process_slots import ProcessSlots as ProcessSlots
