import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from rnas.report._html import render

VOID = {"meta", "br", "input", "link", "img", "hr"}
HOSTILE = """</script><script>alert("x")</script><img src=https://example.org onerror=alert(1)>'"&"""


class Page(HTMLParser):
    """Elements, attributes and texts of a page; closing tags must match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.attributes, self.scripts, self.text, self.tags = [], [], [], "", []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] == ["script"]:
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
        else:
            self.text += data

    @property
    def data(self):
        return json.loads(next(text for attributes, text in self.scripts if attributes.get("id") == "page-data"))

    def ids(self):
        return [value for _, name, value in self.attributes if name == "id"]


@pytest.fixture
def edge_runs(run_of, table_run):
    broken = dict.fromkeys(range(3), ("failed", "no"))
    three = (("robust_accuracy", "maximize"), ("flops", "minimize"), ("clean_accuracy", "maximize"))
    return {
        "usual": run_of(),
        "table": table_run,
        "nothing complete": run_of(3, failures=broken),
        "nothing yet": run_of(0),
        "one objective": run_of(objectives=(("robust_accuracy", "maximize"),)),
        "three objectives": run_of(objectives=three),
    }


def test_every_kind_of_run_is_well_formed_and_loads_nothing(edge_runs):
    for name, run in edge_runs.items():
        page = Page(render(run))
        assert len(page.ids()) == len(set(page.ids())), name
        for tag, attribute, value in page.attributes:
            assert tag not in ("link", "img", "iframe", "base", "object", "embed")
            if attribute in ("src", "href", "action", "data", "srcset"):
                assert value.startswith("#"), (tag, attribute, value)
            assert attribute != "style", tag
            assert not attribute.startswith("on"), tag


def test_links_lead_to_elements_of_the_page(trained_run):
    page = Page(render(trained_run))
    links = {value[1:] for tag, name, value in page.attributes if (tag, name) == ("a", "href")}
    assert links <= set(page.ids())
    assert {f"network-{key}" for key in trained_run["front"]} <= links


def test_policy_allows_the_pages_own_scripts_alone(trained_run):
    page = Page(render(trained_run))
    policy = next(value for _, name, value in page.attributes if name == "content" and "default-src" in (value or ""))
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    run_scripts = [text for attributes, text in page.scripts if "type" not in attributes]
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in run_scripts]
    assert rules["script-src"].split() == [f"'sha256-{digest}'" for digest in digests]
    assert "http" not in policy


def test_styles_and_own_scripts_name_no_address(trained_run):
    text = render(trained_run)
    style = text[text.index("<style>") : text.index("</style>")]
    own = Page(text).scripts[-1][1]
    assert "url(" not in style
    assert "@import" not in style
    assert not re.search(r"https?:|fetch\(|XMLHttpRequest|innerHTML", own)


def test_holds_every_evaluation_and_reason(trained_run):
    listed = Page(render(trained_run)).data["evaluations"]
    assert listed["key"] == [evaluation["key"] for evaluation in trained_run["evaluations"]]
    assert listed["status"].count("complete") == 41
    assert "loss is not finite at step 12 of epoch 2" in listed["reason"]


def test_chart_marks_the_front_and_starts_at_the_first_two_objectives(trained_run):
    data = Page(render(trained_run)).data
    assert {data["evaluations"]["key"][row] for row in data["front"]} == set(trained_run["front"])
    assert data["metrics"][data["axes"]["x"]]["name"] == "flops"
    assert data["metrics"][data["axes"]["y"]]["name"] == "robust_accuracy"
    assert data["axes"]["colour"] is None


def test_third_objective_is_the_colour(edge_runs):
    data = Page(render(edge_runs["three objectives"])).data
    assert data["metrics"][data["axes"]["colour"]]["name"] == "clean_accuracy"


def test_single_objective_is_drawn_over_evaluations(edge_runs):
    data = Page(render(edge_runs["one objective"])).data
    assert {"x": None, "y": 0, "colour": None}.items() <= data["axes"].items()


def test_says_what_it_shows(trained_run):
    text = re.sub(r"\s+", " ", Page(render(trained_run)).text)
    assert "A search of robust-resnet on digits (1\u00d78\u00d78 images)" in text
    assert "41 complete, 1 diverged, 1 out of memory, 1 timeout, 1 failed" in text
    assert "Not drawn, since they have no numbers: 1 diverged, 1 out of memory, 1 timeout, 1 failed." in text
    assert "digits test the machinery and are no evidence about RobustScaling" in text
    assert "for one 1\u00d78\u00d78 image" in text
    assert "noise of the 447 test images" in text
    assert "budget: 45" in text
    assert "data.images.test" in text


def test_says_when_nothing_is_complete(edge_runs):
    for name in ("nothing complete", "nothing yet"):
        text = Page(render(edge_runs[name])).text
        assert "No evaluation is complete, so there is no front." in text
        assert "No training curve was recorded" in text


def test_table_run_shows_its_own_names_and_no_intervals(edge_runs):
    text = Page(render(edge_runs["table"])).text
    assert "pgd_8" in text
    assert "95 % interval" not in text
    assert "Wilson" not in text
    assert "accuracy" not in text


def test_draws_every_member_of_the_front(trained_run, table_run):
    for run in (trained_run, table_run):
        labels = [value for tag, name, value in Page(render(run)).attributes if (tag, name) == ("svg", "aria-label")]
        assert len(labels) == len(run["front"]) > 2


def test_strings_of_a_run_are_escaped(trained_run):
    run = json.loads(json.dumps(trained_run))
    clean = Page(render(trained_run))
    run["name"] = run["config"]["space"]["name"] = run["notes"][0] = HOSTILE
    for evaluation in run["evaluations"]:
        evaluation["reason"] = HOSTILE
        evaluation["provenance"]["device"] = evaluation["provenance"]["data"]["name"] = HOSTILE
        evaluation["curve"] = [{"epoch": 1, HOSTILE: 1.0}]
        evaluation["metrics"] = evaluation["metrics"] and {**evaluation["metrics"], HOSTILE: 1.0}
        evaluation["architecture"]["blocks"] = [{"topology": HOSTILE, "activation": HOSTILE, HOSTILE: HOSTILE}]
    for number in (13, 18):
        run["evaluations"][number]["architecture"] = {"kind": HOSTILE, HOSTILE: [HOSTILE]}
    page = Page(render(run))
    assert page.tags.count("script") == clean.tags.count("script") == 3
    assert not {"img", "iframe"} & set(page.tags)
    assert page.data["evaluations"]["reason"][0] == HOSTILE
    assert HOSTILE in page.text


def test_hostile_keys_stay_text(trained_run):
    run = json.loads(json.dumps(trained_run).replace(trained_run["front"][0], '\\"><script>alert(1)</script>'))
    assert Page(render(run)).tags.count("script") == 3


def test_is_a_pure_function_of_the_run(trained_run):
    before = json.dumps(trained_run)
    assert render(trained_run) == render(json.loads(before))
    assert json.dumps(trained_run) == before


def test_ten_thousand_evaluations_stay_usable(run_of):
    run = run_of(10_000, failures=dict.fromkeys(range(0, 10000, 13), ("diverged", "loss is not finite")))
    text = render(run)
    assert len(text) < 12e6
    assert Page(text).tags.count("tr") < 200


def test_numbers_that_are_not_json_are_refused(trained_run):
    trained_run["evaluations"][0]["metrics"]["robust_margin"] = float("nan")
    with pytest.raises(ValueError, match="JSON"):
        render(trained_run)
