import pytest

from rnas.report._front import members
from rnas.utils._metric import metrics_of


def front_of(run):
    return members(run, metrics_of(run))


def test_members_are_ordered_by_the_accuracy_best_first(trained_run):
    front = front_of(trained_run)
    assert {member.key for member in front} == set(trained_run["front"])
    scores = [member.objectives[0].search for member in front]
    assert scores == sorted(scores, reverse=True)


def test_scores_pair_search_and_test(trained_run):
    for member in front_of(trained_run):
        metrics = member.evaluation["metrics"]
        robust, flops = member.objectives
        assert (robust.search, robust.test) == (metrics["robust_accuracy"], metrics["test_robust_accuracy"])
        assert robust.drop == pytest.approx(robust.search - robust.test)
        assert (robust.search_val_share.images, robust.test_share.images) == (450, 447)
        assert robust.share == robust.test_share
        assert (flops.test, flops.drop, flops.share) == (None, None, None)
        assert [score.metric.name for score in member.others] == ["clean_accuracy", "robust_margin", "params"]


def test_drop_of_what_is_minimised_is_an_increase(run_of):
    run = run_of(1, failures={})
    run["objectives"] = [{"metric": "error", "direction": "minimize"}]
    run["evaluations"][0]["metrics"] = {"error": 0.25, "test_error": 0.5}
    run["front"] = [run["evaluations"][0]["key"]]
    assert front_of(run)[0].objectives[0].drop == 0.25


def test_an_architecture_stands_with_its_last_complete_evaluation(run_of):
    run = run_of(3, failures={})
    first, second, third = run["evaluations"]
    second["key"] = third["key"] = first["key"]
    third["metrics"] = {"flops": 1}
    run["front"] = [first["key"]]
    assert [member.row for member in front_of(run)] == [1]


def test_neighbours_inside_the_noise_are_named(run_of):
    run = run_of(3, failures={})
    for evaluation, accuracy in zip(run["evaluations"], (0.8, 0.79, 0.6), strict=True):
        evaluation["metrics"] = {"robust_accuracy": accuracy, "flops": 1e6 * accuracy}
    run["front"] = [evaluation["key"] for evaluation in run["evaluations"]]
    first, second, third = front_of(run)
    assert (first.tied_with, second.tied_with, third.tied_with) == (None, first.key, None)


def test_nothing_is_said_of_noise_without_image_counts(table_run, run_of):
    assert all(member.tied_with is None for member in front_of(table_run))
    run = run_of()
    for evaluation in run["evaluations"]:
        evaluation["provenance"] = {}
    assert all(member.tied_with is None and member.objectives[0].share is None for member in front_of(run))
