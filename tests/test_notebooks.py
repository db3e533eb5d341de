"""The notebooks run; the site shows what they gave."""

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


@pytest.mark.slow
@pytest.mark.parametrize("name", tutorials.NOTEBOOKS)
def test_it_runs_and_becomes_a_page(name: str) -> None:
    text, figures = tutorials.page(name)
    assert text.startswith("# ")
    assert figures
    assert all(content.startswith(b"\x89PNG") and f"]({file})" in text for file, content in figures.items())
