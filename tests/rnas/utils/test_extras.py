"""Libraries that an extra installs."""

import pytest

from rnas.errors import InputError
from rnas.utils._extras import require_extra


def test_a_missing_library_is_named_with_its_extra() -> None:
    with pytest.raises(InputError, match=r"no_such_library is not installed: pip install 'rnas\[onnx\]'"):
        require_extra("onnx", "json", "no_such_library")
