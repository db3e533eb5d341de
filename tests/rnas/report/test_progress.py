import pytest

from rnas.report._progress import normalised_hypervolume, surrogate_sentences
from rnas.utils._metric import metrics_of

RUN = {
    "objectives": [{}, {}],
    "reference_point": [0.1, 2e6],
    "ideal_point": [0.6, 0.0],
    "hypervolume": [None, 0.0, 2.5e5, 8e5],
}


def test_share_of_the_box_between_reference_and_ideal():
    hypervolume = normalised_hypervolume(RUN)
    assert hypervolume.values == pytest.approx((None, 0.0, 0.25, 0.8))
    assert hypervolume.last == pytest.approx(0.8)
    assert "ideal" in hypervolume.label


@pytest.mark.parametrize("ideal", [[None, 0.0], [None, None], [0.1, 0.0], None])
def test_share_of_the_last_value_where_the_box_is_not_known(ideal):
    reference = RUN["reference_point"] if ideal else None
    hypervolume = normalised_hypervolume({**RUN, "ideal_point": ideal, "reference_point": reference})
    assert hypervolume.values == pytest.approx((None, 0.0, 0.3125, 1.0))
    assert "last" in hypervolume.label


def test_no_value_yet():
    assert normalised_hypervolume({**RUN, "hypervolume": [None, None]}).last is None


def test_predictions_are_summed_up_in_words(trained_run):
    (sentence,) = surrogate_sentences(trained_run, metrics_of(trained_run))
    last = trained_run["surrogate"][-1]
    assert sentence.startswith(f"{last['predicted']} results of robust accuracy were predicted")
    assert "\u03c4 0.40, 0.16 within the truly best fifth, and 90 % lie in their 90 % intervals" in sentence
    early = {**trained_run, "surrogate": trained_run["surrogate"][:1]}
    assert "fifth" not in surrogate_sentences(early, metrics_of(early))[0]
    assert surrogate_sentences({**trained_run, "surrogate": []}, ()) == []
