"""Choose the device on which a result is reproduced by default."""

from typing import Any

from rnas.nas.execution._local import Device


def own_device(recorded: Any, otherwise: Device = "auto") -> Device:
    """Return the kind of device of the record, because another kind gives other last digits.

    Args:
        recorded: what the record says, as :func:`rnas.utils.device_name` names it. Whatever is no CPU was a
            GPU, which is used if there is one.
        otherwise: device to use if the record has none.
    """
    if not isinstance(recorded, str) or not recorded:
        return otherwise
    return "cpu" if recorded.startswith("cpu") else "auto"
