"""Other packages than rnas, as if they were installed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from rnas import registry
from rnas.utils.provenance import plugins


@contextmanager
def installed(
    place: Path, name: str, version: str, entry_points: Mapping[str, Mapping[str, str]], modules: Mapping[str, str]
) -> Iterator[None]:
    """Within: a package is found; a new folder, ``place``, holds it. ``modules`` are sources by their paths."""
    metadata = place / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    groups = {group: "\n".join(f"{key} = {value}" for key, value in own.items()) for group, own in entry_points.items()}
    (metadata / "entry_points.txt").write_text("".join(f"[{group}]\n{own}\n" for group, own in groups.items()))
    for path, source in modules.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(source)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(place)
        _find_anew()
        yield
    _find_anew()


def _find_anew() -> None:
    registry._group.cache_clear()
    plugins.cache_clear()
