"""Finding parts by their entry point's name."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rnas import registry
from rnas.errors import InputError
from rnas.networks.block import BlockType
from rnas.networks.residual import ResidualNetwork


def test_plugins_are_found_by_name() -> None:
    assert registry.load(registry.ARCHITECTURES, "residual") is ResidualNetwork


def test_every_registered_block_is_one() -> None:
    names = registry.names(registry.BLOCKS)
    assert names == sorted(names)
    assert {"basic", "bottleneck", "inverted-bottleneck", "no-residual", "robust-res-block"} <= set(names)
    assert all(isinstance(registry.load(registry.BLOCKS, name), BlockType) for name in names)


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"unknown search space 'pyramid'; known: .*robust-resnet"):
        registry.load(registry.SEARCH_SPACES, "pyramid")
    with pytest.raises(InputError, match="none is installed"):
        registry.load("rnas.no_such_parts", "x")


Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Makes another package with an entry point of its own, as pip leaves one."""

    def installed(package: str, entry_point: str) -> None:
        folder = tmp_path / f"{package}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[rnas.recipes]\n{entry_point}\n")
        _forget()

    monkeypatch.syspath_prepend(tmp_path)
    yield installed
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    registry.names.__globals__["_group"].cache_clear()


def test_a_plugin_of_another_package_is_found(install: Install) -> None:
    install("theirs", "mine = rnas.training.recipes.sat:SAT")
    assert registry.load(registry.RECIPES, "mine") is registry.load(registry.RECIPES, "sat")


def test_a_name_of_two_packages_is_refused_with_both(install: Install) -> None:
    install("theirs", "sat = rnas.training.recipes.trades:TRADES")
    with pytest.raises(InputError, match=r"recipe 'sat' is registered by .* and .*: uninstall one") as raised:
        registry.load(registry.RECIPES, "sat")
    assert "theirs (rnas.training.recipes.trades:TRADES)" in str(raised.value)
    assert registry.load(registry.RECIPES, "trades").name == "trades"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("no_such_module:RECIPE", "No module named 'no_such_module'"),
        ("rnas.errors:RECIPE", "has no attribute 'RECIPE'"),
    ],
)
def test_what_cannot_be_loaded_is_told_in_one_line(install: Install, value: str, reason: str) -> None:
    install("theirs", f"mine = {value}")
    assert "mine" in registry.names(registry.RECIPES)
    with pytest.raises(InputError, match="recipe 'mine' of theirs cannot be loaded") as raised:
        registry.load(registry.RECIPES, "mine")
    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)
