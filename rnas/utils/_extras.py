"""Libraries that an extra of rnas installs."""

from importlib.util import find_spec

from rnas.errors import InputError


def require_extra(extra: str, *modules: str) -> None:
    """Raise InputError if a library of an extra is not installed."""
    for module in modules:
        if find_spec(module) is None:
            raise InputError(f"{module} is not installed: pip install 'rnas[{extra}]'")
