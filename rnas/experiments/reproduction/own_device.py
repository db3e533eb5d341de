"""Where a result is verified unless its reader says where."""

from typing import Any

from rnas.nas.execution.local import Device


def own_device(recorded: Any, otherwise: Device = "auto") -> Device:
    """The kind of device that a record was made on: on another kind equal numbers cannot be asked for.

    Args:
        recorded: what the record says, as :func:`rnas.utils.provenance.device_name` names it. Whatever is no CPU was a
            GPU, which is taken where there is one.
        otherwise: what to take where the record does not say.
    """
    if not isinstance(recorded, str) or not recorded:
        return otherwise
    return "cpu" if recorded.startswith("cpu") else "auto"
