import json
import re
from itertools import pairwise

import pytest

from rnas.report._html import render

PANEL = "!document.querySelector('#panel').hidden"
PAIR = f"{PANEL} && document.body.classList.contains('has-pair')"


def points(page, trace=""):
    """How many points the front's chart shows."""
    return page.value(f"document.querySelectorAll('#front-plot {trace} path.point').length")


def listed(page):
    """Keys in the list of evaluations."""
    return page.value("[...document.querySelectorAll('#evaluation-table tbody th')].map((e) => e.textContent)")


def announced(page):
    return page.value("document.querySelector('#announcement').textContent")


def focused(page):
    return page.value("document.activeElement.id || document.activeElement.textContent")


def published_run(run_of):
    """A run on CIFAR-10 near 5G FLOPs."""
    run = run_of(12, failures={})
    for place, evaluation in enumerate(run["evaluations"]):
        evaluation["provenance"]["data"] |= {"name": "cifar10", "input_shape": [3, 32, 32]}
        evaluation["provenance"]["evaluation"]["epsilon"] = "8/255"
        evaluation["metrics"]["flops"] = 4_000_000_000 + place * 100_000_000
    return run


def data(text):
    """What the scripts of a page read."""
    return json.loads(re.search(r'id="page-data">(.*?)</script>', text, re.DOTALL)[1])


def test_report_draws_under_its_policy_and_asks_for_nothing(trained_run, opened):
    page = opened(render(trained_run))
    complete = sum(evaluation["status"] == "complete" for evaluation in trained_run["evaluations"])
    page.wait(f"document.querySelectorAll('#front-plot path.point').length === {complete}")
    assert len(listed(page)) == len(trained_run["evaluations"])
    assert "loss is not finite at step 12 of epoch 2" in page.text("#evaluation-table")
    assert set(re.findall(r'data-title="([^"]*)"', page.elements)) == {"Zoom", "Pan", "Reset axes", "Download plot"}
    assert page.requests == []
    assert page.complaints == []


@pytest.mark.slow
def test_edge_cases_raise_no_error_in_the_browser(run_of, table_run, opened):
    three = (("robust_accuracy", "maximize"), ("flops", "minimize"), ("clean_accuracy", "maximize"))
    one = (("robust_accuracy", "maximize"),)
    for run in (run_of(0), run_of(1, failures={0: ("failed", "no")}), table_run):
        assert opened(render(run)).complaints == []
    for objectives in (one, three):
        page = opened(render(run_of(objectives=objectives)))
        page.wait("document.querySelectorAll('#front-plot path.point').length > 0")
        assert page.complaints == []


def test_a_page_that_asks_for_something_is_noticed(opened):
    page = opened('<script src="https://example.org/x.js"></script><script>console.log("said")</script>')
    assert page.requests == ["https://example.org/x.js"]
    assert "said" in str(page.complaints)


def test_the_panel_tells_all_of_a_network_and_escape_gives_the_focus_back(trained_run, opened):
    page = opened(render(trained_run))
    key = page.text("#front-table tbody tr:nth-child(2) th")
    record = next(e for e in trained_run["evaluations"] if e["key"] == key)
    page.value("document.querySelector('#front-table tbody tr:nth-child(2) th a').focus()")
    page.press("Enter").wait(PANEL)
    assert focused(page) == "panel-title"
    assert page.text("#panel-title") == key
    assert key in announced(page)
    assert page.shown("#panel-drawings svg")
    told = page.text("#panel-facts")
    assert f"{100 * record['metrics']['robust_accuracy']:.1f}" in told
    assert "epochs 6, batch size 64" in told
    assert f"{record['seconds']:.1f}" in told
    page.wait("document.querySelectorAll('#panel-plot path.point').length === 6")
    assert "data.images.test" in page.value("document.querySelector('#panel-more').textContent")
    assert page.press("Escape").shown("#panel") is False
    assert focused(page) == key
    assert page.complaints == []


@pytest.mark.slow
def test_the_command_exports_from_the_folder_of_the_page(trained_run, opened):
    page = opened(render(trained_run))
    page.click("#front-table tbody th a").wait(PANEL)
    key = page.text("#panel-title")
    command = page.text("#panel-command")
    assert re.fullmatch(rf"rnas export '/.*/run 0:{key}' --format standalone -o {key}\.py", command)
    assert page.choose("#panel-format", "onnx").text("#panel-command").endswith(f"--format onnx -o {key}.onnx")
    assert page.choose("#panel-format", "nni").text("#panel-command").endswith(f"--format nni -o {key}")
    page.click("tr.not-complete th button").wait(f"document.querySelector('#panel-title').textContent !== '{key}'")
    assert "loss is not finite" in page.text("#panel-facts")
    assert not page.shown("#panel-export")


def test_two_networks_stand_beside_each_other(trained_run, opened):
    page = opened(render(trained_run))
    rows = data(render(trained_run))["front"]
    first, second = (trained_run["evaluations"][row] for row in rows[:2])
    page.click("#front-table tbody tr:nth-child(1) th a").wait(PANEL)
    page.click("#front-table tbody tr:nth-child(2) th a", shift=True).wait(PAIR)
    assert page.text("#panel-title") == f"{first['key']} and {second['key']}"
    assert page.value("document.querySelectorAll('#panel-drawings svg.drawing').length") == 2
    names = [name for name in first["parameters"] if first["parameters"][name] != second["parameters"].get(name)]
    table = page.text("#panel-facts table")
    assert f"{len(names)} of {len(first['parameters'])} variables differ" in table
    for name in names:
        assert f"{name}\t{first['parameters'][name]}\t{second['parameters'][name]}" in table
    ratio = second["metrics"]["flops"] / first["metrics"]["flops"]
    assert f"\u00d7{ratio:#.3g}, {'A' if ratio > 1 else 'B'} better" in page.text("#panel-facts")
    assert f"{len(names)} variables differ" in announced(page)
    page.wait("document.querySelectorAll('#panel-plot .scatterlayer path.js-line').length === 2")
    page.choose("#panel-other", "").wait("!document.body.classList.contains('has-pair')")
    assert page.text("#panel-title") == first["key"]
    page.choose("#panel-other", str(rows[2])).wait(PAIR)
    assert page.text("#panel-title").endswith(trained_run["evaluations"][rows[2]]["key"])
    assert page.complaints == []


@pytest.mark.slow
def test_differences_inside_the_noise_are_called_so(run_of, opened):
    run = run_of(3, failures={})
    for evaluation, accuracy in zip(run["evaluations"], (0.70, 0.72, 0.50), strict=True):
        evaluation["metrics"]["robust_accuracy"] = accuracy
    run["front"] = [evaluation["key"] for evaluation in run["evaluations"]]
    page = opened(render(run))
    page.click('#evaluation-table [data-open="0"]').wait(PANEL)
    page.click('#evaluation-table [data-open="1"]', shift=True).wait(PAIR)
    assert "+2.0 points, indistinguishable" in page.text("#panel-facts")
    page.choose("#panel-other", "2").wait("document.querySelector('#panel-facts').innerText.includes('A better')")
    assert "\u221220.0 points, A better" in page.text("#panel-facts")
    for evaluation in run["evaluations"]:
        del evaluation["provenance"]["data"]["images"]
    page = opened(render(run))
    page.click('#evaluation-table [data-open="0"]').wait(PANEL)
    page.click('#evaluation-table [data-open="2"]', shift=True).wait(PAIR)
    assert "\u221220.0 points\n" in page.text("#panel-facts")


@pytest.mark.slow
def test_the_chart_is_used_by_mouse(trained_run, opened):
    page = opened(render(trained_run))
    front = "#front-plot .trace:nth-child(2) path.point:last-of-type"
    page.wait(f"document.querySelector('{front}') !== null")
    page.hover(front).wait("document.querySelector('#front-plot .hoverlayer text') !== null")
    hovered = page.value("document.querySelector('#front-plot .hoverlayer').textContent")
    page.click(front).wait(PANEL)
    assert page.text("#panel-title") in hovered
    assert page.text("#panel-title") in trained_run["front"]
    assert page.complaints == []


@pytest.mark.slow
def test_the_chart_is_used_by_keyboard(trained_run, opened):
    page = opened(render(trained_run))
    page.value("document.querySelector('#front-plot').focus()")
    first = announced(page.press("ArrowRight"))
    second = announced(page.press("ArrowRight"))
    assert first != second
    assert announced(page.press("Home")) == first
    costs = {e["key"]: e["metrics"]["flops"] for e in trained_run["evaluations"] if e["metrics"]}
    keys = [re.search("[0-9a-f]{12}", text)[0] for text in (first, second)]
    assert [costs[key] for key in keys] == sorted(costs.values())[:2]
    page.press("Enter").wait(PANEL)
    assert page.text("#panel-title") == keys[0]
    page.press("Escape")
    assert focused(page) == "front-plot"
    page.press("Enter").wait(PANEL)
    page.value("document.querySelector('#front-plot').focus()")
    page.press("ArrowRight").press("Enter", shift=True).wait(PAIR)
    assert page.text("#panel-title") == " and ".join(keys)


def test_the_chart_follows_the_filter_of_the_list(trained_run, opened):
    page = opened(render(trained_run))
    page.wait("document.querySelectorAll('#front-plot path.point').length > 0")
    whole = points(page)
    costs = [e["metrics"]["flops"] for e in trained_run["evaluations"] if e["metrics"]]
    below = sum(1e6 <= cost <= 3e6 for cost in costs)
    page.write("#evaluation-low", "1M").write("#evaluation-high", "3,000k")
    assert len(listed(page)) == below
    assert points(page) == below
    assert f"Filtered: {below} of {len(trained_run['evaluations'])} evaluations" in page.text("#front .filter-count")
    assert page.click("#front .filter-clear").shown("#front .filter-set") is False
    assert points(page) == whole
    assert focused(page) == "front-plot"
    page.write("#evaluation-text", "robustres")
    told = sum("robust-res-block" in json.dumps(e["architecture"]) for e in trained_run["evaluations"])
    assert len(listed(page)) == told
    page.choose("#evaluation-status", "front")
    assert set(listed(page)) < set(trained_run["front"])
    page.write("#evaluation-low", "much")
    assert page.value("document.querySelector('#evaluation-low').getAttribute('aria-invalid')") == "true"
    assert page.complaints == []


@pytest.mark.slow
def test_the_theme_follows_the_system_until_it_is_chosen(trained_run, opened):
    page = opened(render(trained_run), dark=True)
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.value(background) == "rgb(18, 22, 27)"
    assert page.text("#theme") == "Light theme"
    assert page.click("#theme").value(background) == "rgb(255, 255, 255)"
    assert page.complaints == []


@pytest.mark.slow
def test_nothing_is_cut_off_in_a_narrow_window(trained_run, opened):
    page = opened(render(trained_run), width=400)
    assert page.value("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.click("#front-table tbody th a").wait(PANEL)
    assert page.value("document.querySelector('#panel').getBoundingClientRect().left") == 0
    assert page.value("document.querySelector('#panel').scrollWidth <= document.querySelector('#panel').clientWidth")


@pytest.mark.slow
def test_published_networks_can_be_switched_off(run_of, opened):
    run = published_run(run_of)
    page = opened(render(run))
    assert "PGD-20" in page.text("#front figcaption")
    page.wait("document.querySelectorAll('#front-plot .legend .traces').length === 3")
    shown = points(page)
    page.click("#front-published")
    rows = data(render(run))["published"]
    assert 0 < len([row for row in rows if row["values"][0]]) == shown - points(page)
    assert page.complaints == []


@pytest.mark.slow
def test_headings_are_in_order_and_tables_have_captions(trained_run, opened):
    page = opened(render(trained_run))
    page.click("#front-table tbody th a").wait(PANEL)
    levels = page.value("[...document.querySelectorAll('h1,h2,h3,h4')].map((e) => Number(e.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.value("[...document.querySelectorAll('table')].every((e) => e.caption?.textContent.trim())")
    unnamed = (
        "[...document.querySelectorAll('select, input, button')].filter((e) => "
        "!(e.labels?.length || e.textContent.trim() || e.ariaLabel)).map((e) => e.outerHTML)"
    )
    assert page.value(unnamed) == []


@pytest.mark.slow
def test_a_thousand_evaluations_fit_into_six_megabytes_and_open(run_of, opened):
    text = render(run_of(1000))
    assert len(text.encode()) < 6e6
    page = opened(text)
    page.wait("document.querySelectorAll('#front-plot path.point').length > 900")
    page.click("#front-table tbody th a").wait(PANEL)
    assert page.shown("#panel-drawings svg")
    assert page.complaints == []
