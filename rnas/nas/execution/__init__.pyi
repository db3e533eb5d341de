from .executor import (
    Executor as Executor,
    Limits as Limits,
)
from .in_process import InProcess as InProcess
from .process_slots import ProcessSlots as ProcessSlots
from .ray_settings import (
    RaySettings as RaySettings,
    on_ray as on_ray,
    on_this_host as on_this_host,
)
from .ray_tasks import RayTasks as RayTasks
