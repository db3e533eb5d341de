import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import rnas
from rnas.data.corruptions.named import CORRUPTIONS, FURTHER, corrupted
from rnas.data.dataset import Dataset, divide
from rnas.data.digits import load
from rnas.data.splits import SplitSizes
from rnas.errors import InputError
from rnas.evaluation.corruption_robustness import (
    CorruptionRobustness,
    evaluate_corruptions,
    evaluate_published_corruptions,
)
from rnas.experiment import Listener
from rnas.statistics.proportions import proportion

PART = divide(load(None), load(None).splits, 0)["test"].first(120)


class Nearest(nn.Module):
    """Classifies a digit as the mean image that it is nearest to: right on most as they are."""

    def __init__(self) -> None:
        super().__init__()
        digits = load(None)
        images = digits.pixels.float().flatten(1) / 16
        self.means = nn.Parameter(torch.stack([images[digits.labels == label].mean(dim=0) for label in range(10)]))
        self.dropout = nn.Dropout(0.5)

    def forward(self, images: Tensor) -> Tensor:
        return self.dropout(-torch.cdist(images.flatten(1), self.means))


def test_accuracy_falls_with_severity_and_every_cell_is_counted_on_all_images() -> None:
    result = evaluate_corruptions(Nearest(), PART)
    assert list(result.correct) == [(name, severity) for name in CORRUPTIONS for severity in range(1, 6)]
    assert all(right.shape == (120,) for right in result.correct.values())
    accuracies = result.accuracies
    for name in ("impulse_noise", "defocus_blur", "contrast", "snow"):
        assert accuracies[name, 5].value < accuracies[name, 1].value
    assert accuracies["fog", 2] == proportion(accuracies["fog", 2].value, 120)


def test_one_cell_is_what_the_network_says_of_the_corrupted_images() -> None:
    model = Nearest()
    result = evaluate_corruptions(model, PART, seed=3, corruptions=["frost"], severities=[4])
    images = corrupted("frost", PART.images(slice(None)), 4, PART.ids, 3)
    expected = model.eval()(images).argmax(dim=1) == PART.labels
    assert torch.equal(result.correct["frost", 4], expected)


def test_batches_change_nothing_and_the_mode_is_left_as_found() -> None:
    model = Nearest().train()
    whole, splits = (
        evaluate_corruptions(model, PART, corruptions=["snow", "fog"], batch_size=size) for size in (500, 17)
    )
    assert model.training
    assert all(torch.equal(right, splits.correct[place]) for place, right in whole.correct.items())


def test_the_mean_is_over_cells_and_its_interval_over_images() -> None:
    correct = {("fog", 1): torch.tensor([True, True, False, False]), ("fog", 2): torch.tensor([True, False] * 2)}
    mean = CorruptionRobustness(correct, published=False, seed=0).mean
    shares = [1.0, 0.5, 0.5, 0.0]
    assert mean.value == 0.5
    assert mean.high - mean.value == pytest.approx(1.96 * np.std(shares, ddof=1) / 2, rel=1e-3)
    # The same images twice are no more evidence than once.
    once = {("fog", 1): torch.arange(100) < 70}
    twice = once | {("fog", 2): torch.arange(100) < 70}
    one, two = (CorruptionRobustness(cells, published=False, seed=0).mean for cells in (once, twice))
    assert (one.low, one.high) == pytest.approx((two.low, two.high))
    assert one.high - one.value == pytest.approx(1.96 * math.sqrt(0.7 * 0.3 / 99), rel=1e-3)


def test_as_json_it_says_what_compares_with_published_numbers() -> None:
    result = evaluate_corruptions(Nearest(), PART.first(20), corruptions=["snow", "contrast"], severities=[1, 5])
    content = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert content["images"] == "computed"
    assert content["comparable"] == ["contrast"]
    snow = content["corruptions"][0]
    assert snow["name"] == "snow"
    assert [cell["severity"] for cell in snow["severities"]] == [1, 5]
    assert snow["accuracy"] == pytest.approx(sum(cell["accuracy"] for cell in snow["severities"]) / 2)
    assert all(cell["low"] <= cell["accuracy"] <= cell["high"] for cell in snow["severities"])


def test_a_network_of_nans_scores_nothing() -> None:
    model = Nearest()
    nn.init.constant_(model.means, torch.nan)
    assert evaluate_corruptions(model, PART, corruptions=["fog"]).mean.value == 0


class Corner(nn.Module):
    """Reads the class from the red of the first pixel."""

    def forward(self, images: Tensor) -> Tensor:
        return -(images[:, :1, 0, 0] * 255 - torch.arange(10)).abs()


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A corruption whose images tell their class, except at severity 3; sparse on the disk."""
    labels = np.arange(10_000) % 10
    pixels = np.lib.format.open_memmap(tmp_path / "fog.npy", "w+", np.uint8, (50_000, 32, 32, 3))
    for severity in (0, 1, 3, 4):
        for place in (*range(20), 9_999):
            pixels[severity * 10_000 + place, 0, 0, 0] = labels[place]
    pixels.flush()
    np.save(tmp_path / "labels.npy", np.tile(labels, 5).astype(np.uint8))
    return tmp_path


def test_published_files_are_read_by_severity_and_row(published: Path) -> None:
    rows = torch.tensor([9_999, *range(19)])
    result = evaluate_published_corruptions(Corner(), published, 10, rows, corruptions=["fog"], batch_size=7)
    assert [share.value for share in result.accuracies.values()] == [1, 1, 0.1, 1, 1]
    assert result.to_dict()["images"] == "published"
    assert result.to_dict()["comparable"] == ["fog"]


def test_a_folder_for_other_classes_is_refused(published: Path) -> None:
    with pytest.raises(InputError, match="10 classes, but the network has 100"):
        evaluate_published_corruptions(Corner(), published, 100, corruptions=["fog"])


def test_a_missing_file_is_named(published: Path) -> None:
    with pytest.raises(InputError, match=r"no gaussian_noise\.npy"):
        evaluate_published_corruptions(Corner(), published, 10)


def test_both_means_are_given_where_the_four_further_files_are_there(published: Path) -> None:
    for name in (*CORRUPTIONS, *FURTHER):
        if name != "fog":
            np.lib.format.open_memmap(published / f"{name}.npy", "w+", np.uint8, (50_000, 32, 32, 3)).flush()
    rows = torch.arange(20)
    result = evaluate_published_corruptions(Corner(), published, 10, rows)
    assert len(result.accuracies) == 19 * 5
    # All images of the other files look like those of class 0, and so does fog at severity 3.
    fog = (4 + 0.1) / 5
    assert result.mean.value == pytest.approx((fog + 14 * 0.1) / 15)
    assert result.mean_of_all is not None
    assert result.to_dict()["mean_of_19"]["accuracy"] == pytest.approx((fog + 18 * 0.1) / 19)
    (published / "spatter.npy").unlink()
    fewer = evaluate_published_corruptions(Corner(), published, 10, rows)
    assert (fewer.mean, fewer.to_dict()["mean_of_19"]) == (result.mean, None)


def cifar10(labels: Tensor) -> Dataset:
    """As many test images as were published, whose first pixel is the class; ten training images."""
    pixels = torch.zeros(len(labels), 3, 32, 32, dtype=torch.uint8)
    pixels[:, 0, 0, 0] = labels
    sizes = SplitSizes(search_val=1, test=10_000)
    return Dataset("cifar10", pixels, labels, 255, 10, 10_000, sizes, Fraction(8, 255), {})


def test_corruptions_are_of_the_attacked_images(published: Path) -> None:
    for name in CORRUPTIONS:
        if name != "fog":
            np.lib.format.open_memmap(published / f"{name}.npy", "w+", np.uint8, (50_000, 32, 32, 3)).flush()
    dataset = cifar10(torch.cat([torch.arange(10), torch.arange(10_000) % 10]))
    given = {"data": dataset, "attacks": ["fgsm"], "flags": False, "images": 30}
    ids = rnas.evaluate(Corner(), **given).data.ids
    pixels = np.lib.format.open_memmap(published / "fog.npy", "r+")
    for row in ids:
        pixels[[severity * 10_000 + row - 10 for severity in range(5)], 0, 0, 0] = (row - 10) % 10
    pixels.flush()
    output = published / "out"
    found = rnas.evaluate(Corner(), corruptions=published, output=output, **given).corruptions
    (fog,) = [entry for entry in found["corruptions"] if entry["name"] == "fog"]
    assert fog["accuracy"] == 1
    # Other images under the same names are noticed before anything is mixed, and their hash is another.
    pixels[ids[0] - 10, 31, 31] += 1
    pixels.flush()
    with pytest.raises(InputError, match=r"is the state of another evaluation: its corruptions is \w{16}, but here"):
        rnas.evaluate(Corner(), corruptions=published, output=output, **given)
    without = rnas.evaluate(Corner(), output=output, **given)
    assert without.corruptions is None
    other = rnas.evaluate(Corner(), corruptions=published, **given).corruptions
    assert found["hash"] != other["hash"]


def test_corruptions_of_other_images_are_refused_before_any_attack(published: Path) -> None:
    given = {"attacks": ["fgsm"], "flags": False, "images": 30, "corruptions": published, "listener": Refusing()}
    with pytest.raises(InputError, match=r"are of CIFAR-10 or CIFAR-100, and not of digits; compute"):
        rnas.evaluate(Nearest(), data="digits", **given)
    turned = cifar10(torch.cat([torch.arange(10), torch.arange(10_000).flip(0) % 10]))
    with pytest.raises(InputError, match=r"the labels are not those of the test images of cifar10"):
        rnas.evaluate(Corner(), data=turned, **given)
    whole = cifar10(torch.cat([torch.arange(10), torch.arange(10_000) % 10]))
    with pytest.raises(InputError, match=r"there is no gaussian_noise.npy"):
        rnas.evaluate(Corner(), data=whole, **given)


class Refusing(Listener):
    """Nothing may have been attacked."""

    def recorded(self, record: object) -> None:
        raise AssertionError(record)
