import re
import shutil
import subprocess
from dataclasses import dataclass

import pytest

from rnas.report.html import render

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed to open the report in")

# A request on behalf of a page that was opened from a file; the browser's own requests carry another key.
REQUEST = re.compile(r'"network_isolation_key":"file:.*"url":"((?:https?|wss?|ftp)://[^"]*)"')


@dataclass(frozen=True)
class Opened:
    """What became of a page: its elements before the scripts, the console's lines, the addresses it asked for."""

    elements: str
    console: list[str]
    requests: list[str]


def opened(text: str, folder) -> Opened:
    page, log = folder / "report.html", folder / "network.json"
    page.write_text(text, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    options += ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}"]
    options += ["--enable-logging=stderr", f"--log-net-log={log}", "--virtual-time-budget=5000"]
    options += ["--window-size=1400,2000", "--dump-dom", page.as_uri()]
    done = subprocess.run([str(CHROMIUM), *options], capture_output=True, text=True, timeout=120, check=True)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    elements = done.stdout.split('<script type="application/json"')[0]
    return Opened(elements, console, REQUEST.findall(log.read_text(encoding="utf-8")))


def test_report_draws_under_its_policy_and_asks_for_nothing(trained_run, tmp_path):
    page = opened(render(trained_run), tmp_path)
    assert page.requests == []
    assert page.console == []
    complete = sum(evaluation["status"] == "complete" for evaluation in trained_run["evaluations"])
    front_plot = page.elements.split('id="front-plot"')[1].split("</figure>")[0]
    assert front_plot.count('<path class="point') == complete
    table = page.elements.split('id="evaluation-table"')[1].split("</table>")[0]
    assert table.count("<tr") == 1 + len(trained_run["evaluations"])
    assert "loss is not finite at step 12 of epoch 2" in table
    assert set(re.findall(r'data-title="([^"]*)"', page.elements)) == {"Zoom", "Pan", "Reset axes", "Download plot"}


def test_edge_cases_raise_no_error_in_the_browser(run_of, table_run, tmp_path):
    three = (("robust_accuracy", "maximize"), ("flops", "minimize"), ("clean_accuracy", "maximize"))
    one = (("robust_accuracy", "maximize"),)
    for number, run in enumerate([run_of(0), run_of(1, failures={0: ("failed", "no")}), table_run]):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert opened(render(run), folder).console == []
    for objectives in (one, three):
        folder = tmp_path / str(len(objectives) + 10)
        folder.mkdir()
        page = opened(render(run_of(objectives=objectives)), folder)
        assert page.console == []
        assert '<path class="point' in page.elements


def test_a_page_that_asks_for_something_is_noticed(tmp_path):
    assert "https://example.org/x.js" in opened('<script src="https://example.org/x.js"></script>', tmp_path).requests
