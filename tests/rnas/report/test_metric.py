import pytest

from rnas.utils._metric import Metric, metrics_of, value_text


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        (Metric("robust_accuracy", "proportion"), 0.7096, "71.0\u00a0%"),
        (Metric("flops", "size"), 5_080_000_000, "5.08G"),
        (Metric("pgd_8"), 47.3512, "47.35"),
        (Metric("images"), 10000.0, "10,000"),
        (Metric("clean"), None, "\u2013"),
    ],
)
def test_values_are_printed_with_their_unit(metric, value, text):
    assert metric.format(value) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("robust_accuracy_seed0", 0.6022, "60.2\u00a0%"),
        ("test_flops", 27_900_000_000, "27.9G"),
        ("flops_millions", 27_900, "27,900"),
        ("robust_margin", 0.5, "0.5"),
    ],
)
def test_a_value_is_written_as_its_name_says(name, value, text):
    assert value_text(name, value) == text


def test_labels_are_words_for_our_own_names_and_the_name_for_others():
    names = ["robust_accuracy", "test_robust_accuracy", "flops", "pgd_8", "PGD", "final_x"]
    assert [Metric(name).label for name in names] == [
        "Robust accuracy",
        "Test robust accuracy",
        "FLOPs",
        "pgd_8",
        "PGD",
        "final_x",
    ]
    assert [Metric(name).phrase for name in names[:1] + names[2:5]] == ["robust accuracy", "FLOPs", "pgd_8", "PGD"]


def test_objectives_come_first_and_metrics_without_a_value_not_at_all(trained_run, table_run):
    assert [metric.name for metric in metrics_of(trained_run)][:3] == ["robust_accuracy", "flops", "clean_accuracy"]
    assert [(metric.name, metric.direction) for metric in metrics_of(table_run)] == [
        ("pgd_8", "maximize"),
        ("flops_m", "minimize"),
    ]


def test_an_accuracy_in_per_cent_is_no_proportion(run_of):
    run = run_of(2, failures={})
    assert metrics_of(run)[0].kind == "proportion"
    run["evaluations"][0]["metrics"]["robust_accuracy"] = 71.2
    assert metrics_of(run)[0].kind == "number"
