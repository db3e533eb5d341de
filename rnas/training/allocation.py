"""Memory that a process has freed stays its own."""

import ctypes
from functools import cache

# Of glibc's mallopt: a size above which freed memory at the end of the heap goes back to the system, and how many
# requests may be served by mappings of their own, which go back as soon as they are freed.
_TRIM_THRESHOLD, _NEVER = -1, -1
_MAPPINGS, _NONE = -4, 0


@cache
def keep_freed_memory() -> None:
    """Have the C library keep freed memory for the next tensor; where it is not glibc, nothing is done.

    Otherwise tensors above 32 MiB, which training on a CPU makes and frees by the hundred, cost more in pages that the
    system gives, zeroes and takes back than in arithmetic. The process then holds the most that it ever used, and
    a sixth more for gaps. Results are the same.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MAPPINGS, _NONE)
        mallopt(_TRIM_THRESHOLD, _NEVER)
