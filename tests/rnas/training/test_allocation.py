import resource
import subprocess
import sys

import pytest

_SCRIPT = """
import resource, torch
from rnas.training._allocation import keep_freed_memory
if {keep}:
    keep_freed_memory()
torch.set_num_threads(1)
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(4):
        torch.ones(3, 16 << 20), torch.ones(16 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is Linux's")
def test_freed_memory_is_used_again() -> None:
    faults = [
        int(subprocess.run([sys.executable, "-c", _SCRIPT.format(keep=keep)], check=True, capture_output=True).stdout)
        for keep in (False, True)
    ]
    # Tensors of 256 MiB, four times, are touched page by page where the pages are new; how much of the last of them
    # a C library gives back all the same is its own affair.
    assert faults[0] * resource.getpagesize() > 1e9
    assert faults[1] < faults[0] / 2
