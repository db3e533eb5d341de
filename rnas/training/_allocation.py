"""Keep the memory that a process frees."""

import ctypes
import sys
from functools import cache

# Options of glibc's mallopt: the size above which freed memory at the end of the heap goes back to the system, and how
# many requests may be served by separate mappings, which go back as soon as they are freed.
_TRIM_THRESHOLD, _NEVER = -1, -1
_MAPPINGS, _NONE = -4, 0


@cache
def keep_freed_memory() -> None:
    """Let the C library reuse freed memory for the next tensor; do nothing if it is not glibc.

    Training on a CPU makes and frees hundreds of tensors above 32 MiB. Without this, it costs more to get, zero and
    return their pages than to do the arithmetic. The process then keeps the most memory that it ever used, and a sixth
    more for gaps. Results are the same.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MAPPINGS, _NONE)
        mallopt(_TRIM_THRESHOLD, _NEVER)
