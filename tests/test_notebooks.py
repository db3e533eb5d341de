"""The notebooks run; the site shows what they gave."""

from pathlib import Path

import nbformat
import pytest
import yaml

from docs import tutorials


def test_no_notebook_has_outputs_and_all_are_on_the_site() -> None:
    for path in tutorials.NOTEBOOKS.values():
        cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        assert all(not cell.outputs and cell.execution_count is None for cell in cells), f"clear the outputs of {path}"
    listed = (tutorials.ROOT / "mkdocs.yml").read_text()
    [pages] = (tab["Tutorials"] for tab in yaml.safe_load(listed)["nav"] if "Tutorials" in tab)
    assert set(pages) == {"tutorials/index.md", *(f"tutorials/{name}.md" for name in tutorials.NOTEBOOKS)}


def test_a_notebook_is_run_again_when_anything_that_it_uses_has_changed(tmp_path: Path) -> None:
    notebook, preset, table, code = (
        tmp_path / name for name in ("n.ipynb", "rnas/p.yaml", "search_spaces/t.gz", "rnas/c.py")
    )
    seen = set()
    for file in (notebook, tmp_path / "constraints.txt", preset, table, code, None):
        for each in (notebook, tmp_path / "constraints.txt", preset, table, code):
            each.parent.mkdir(exist_ok=True)
            each.write_text("changed" if each == file else "as it was")
        seen.add(tutorials.fingerprint(notebook, tmp_path))
    assert len(seen) == 6
    (tmp_path / "rnas/__pycache__").mkdir()
    (tmp_path / "rnas/__pycache__/c.pyc").touch()
    assert tutorials.fingerprint(notebook, tmp_path) in seen


@pytest.mark.slow
@pytest.mark.parametrize("name", tutorials.NOTEBOOKS)
def test_it_runs_and_becomes_a_page(name: str) -> None:
    text, figures = tutorials.page(name)
    assert text.startswith("# ")
    assert figures
    assert all(content.startswith(b"\x89PNG") and f"]({file})" in text for file, content in figures.items())
