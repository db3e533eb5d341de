"""AutoAttack's attacks and ensembles: the contract, and that they are those of the library."""

import logging
import sys
from dataclasses import replace
from fractions import Fraction
from typing import Any, ClassVar

import pytest
import torch
from pyautoattack import AutoAttack
from pyautoattack.autopgd_base import APGDAttack, APGDAttack_targeted
from pyautoattack.fab_pt import FABAttack_PT
from torch import Tensor, nn

from rnas.attacks import autoattack
from rnas.attacks.attack import Attack, Norm
from rnas.attacks.autoattack import APGD, Square, TargetedAPGD, TargetedFAB
from rnas.attacks.autoattack_ensembles import Ensemble
from rnas.attacks.description import describe
from rnas.attacks.losses import misclassified
from rnas.attacks.named import named_attack
from rnas.errors import InputError
from rnas.testing.attack import AttackConformance, random_batch
from tests.waits import Waits

EPSILON = Fraction(3, 20)
RADII: dict[Norm, Fraction] = {"linf": EPSILON, "l2": Fraction(1), "l1": Fraction(4)}


class TestAPGD(AttackConformance):
    def attack(self) -> Attack:
        return APGD(EPSILON)


class TestAPGDInL2(AttackConformance):
    def attack(self) -> Attack:
        return APGD(RADII["l2"], "l2", "dlr")


class TestAPGDInL1(AttackConformance):
    def attack(self) -> Attack:
        return APGD(RADII["l1"], "l1")


class TestTargetedAPGD(AttackConformance):
    def attack(self) -> Attack:
        return TargetedAPGD(EPSILON, targets=3)


class TestTargetedAPGDInL1(AttackConformance):
    def attack(self) -> Attack:
        return TargetedAPGD(RADII["l1"], "l1", targets=2)


class TestTargetedFAB(AttackConformance):
    randomised: ClassVar[bool] = False

    def attack(self) -> Attack:
        return TargetedFAB(EPSILON, targets=2)


class TestTargetedFABInL1(AttackConformance):
    randomised: ClassVar[bool] = False

    def attack(self) -> Attack:
        return TargetedFAB(RADII["l1"], "l1", targets=2)


class TestSquare(AttackConformance):
    def attack(self) -> Attack:
        return Square(EPSILON, queries=100)


class TestSquareThatSkips(AttackConformance):
    def attack(self) -> Attack:
        return Square(EPSILON, queries=100, skip_unchanged=True)


class TestSquareInL2(AttackConformance):
    def attack(self) -> Attack:
        return Square(RADII["l2"], "l2", queries=100)


class TestSquareInL1(AttackConformance):
    def attack(self) -> Attack:
        return Square(RADII["l1"], "l1", queries=100)


class TestEnsemble(AttackConformance):
    def attack(self) -> Attack:
        return named_attack("autoattack-fast", EPSILON)

    def attack_without_radius(self) -> Attack:
        return named_attack("autoattack-fast", Fraction(0))


def linear(classes: int = 10, seed: int = 0) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, classes)).eval()


def batch(model: nn.Module, images: int = 24) -> tuple[Tensor, Tensor, Tensor]:
    """Images that the network is right on, all but the last."""
    points = torch.rand(images, 1, 8, 8, generator=torch.Generator().manual_seed(3))
    labels = model(points).argmax(1).detach()
    labels[-1] = (labels[-1] + 1) % 2
    return points, labels, torch.arange(images)


class TestItIsTheLibrarys:
    """Image for image, where the library's own noise stands in for ours."""

    @pytest.fixture(autouse=True)
    def _noise_of_the_library(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(autoattack._APGD, "_start", lambda *arguments: None)
        torch.manual_seed(7)

    @pytest.mark.parametrize("norm", ["linf", "l2"])
    @pytest.mark.parametrize("loss", ["ce", "dlr"])
    def test_apgd(self, norm: Norm, loss: Any) -> None:
        model = linear()
        images, labels, ids = batch(model)
        radius = RADII[norm] / 4
        ours = APGD(radius, norm, loss)(model, images, labels, ids, 0)
        theirs = APGDAttack(
            model, eps=float(radius), norm={"linf": "Linf", "l2": "L2"}[norm], loss=loss, seed=7, logger=QUIET
        ).perturb(images, labels)
        assert torch.equal(ours, theirs)
        assert 0 < misclassified(model(ours), labels).sum() < len(ids)

    def test_targeted_apgd(self) -> None:
        model = linear()
        images, labels, ids = batch(model)
        ours = TargetedAPGD(EPSILON / 6)(model, images, labels, ids, 0)
        theirs = APGDAttack_targeted(model, eps=float(EPSILON / 6), seed=7, logger=QUIET).perturb(images, labels)
        assert torch.equal(ours, theirs)
        assert 0 < misclassified(model(ours), labels).sum() < len(ids)


QUIET = logging.Logger("quiet")
QUIET.addHandler(logging.NullHandler())


STEPS = 30


def shorten(library: AutoAttack, steps: int, queries: int) -> None:
    """Let the library's attacks take fewer steps and queries than its 100 and 5000."""
    for attack in (library.apgd, library.apgd_targeted):
        attack.n_iter = attack.n_iter_orig = steps
        names = ("n_iter_2", "n_iter_min", "size_decr")
        for name, share in zip(names, (0.22, 0.06, 0.03), strict=True):
            setattr(attack, name, max(int(share * steps), 1))
    library.fab.n_iter, library.square.n_queries = steps, queries


@pytest.fixture
def fewer_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let our attacks take less than a third of their steps."""
    monkeypatch.setattr(autoattack, "_STEPS", STEPS)
    # The library's own shares of the steps.
    monkeypatch.setattr(autoattack, "_SCHEDULE_IN_L1", ((3, 9), (2, 9), (1, 12)))


@pytest.mark.slow
@pytest.mark.usefixtures("fewer_steps")
@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
def test_fab_is_the_librarys(norm: Norm) -> None:
    model = linear()
    images, labels, ids = batch(model)
    radius = RADII[norm] / 6
    ours = TargetedFAB(radius, norm)(model, images, labels, ids, 0)
    theirs = FABAttack_PT(
        model, eps=float(radius), norm={"linf": "Linf", "l2": "L2", "l1": "L1"}[norm], targeted=True, n_iter=STEPS
    ).perturb(images, labels)
    assert torch.equal(ours, theirs)
    assert 0 < misclassified(model(ours), labels).sum() < len(ids)


@pytest.mark.slow
@pytest.mark.usefixtures("fewer_steps")
@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
def test_the_standard_version_breaks_as_many_as_the_librarys(norm: Norm) -> None:
    model = linear()
    images, labels, ids = batch(model, 40)
    radius = RADII[norm] / 8
    ours = named_attack("autoattack", radius, norm)
    assert isinstance(ours, Ensemble)
    shortened = replace(ours, members=(*ours.members[:3], ("square", Square(radius, norm, 300))))
    theirs = AutoAttack(model, eps=float(radius), norm={"linf": "Linf", "l2": "L2", "l1": "L1"}[norm], seed=0)
    shorten(theirs, STEPS, 300)
    theirs.logger.setLevel(logging.ERROR)
    assert [name for name, _ in ours.members] == theirs.attacks_to_run
    assert ours.members[1][1].targets == theirs.apgd_targeted.n_target_classes
    trace = sys.gettrace()
    found = theirs.run_standard_evaluation(images, labels)[0]
    sys.settrace(trace)
    left = ~misclassified(model(shortened(model, images, labels, ids, 0)), labels)
    expected = ~misclassified(model(found), labels)
    assert 5 < expected.sum() < 35
    assert (left != expected).sum() <= 1


def test_the_tracer_of_coverage_and_debuggers_stays() -> None:
    model = linear()
    images, labels, ids = batch(model, 4)
    before = sys.gettrace()

    def trace(frame: Any, event: str, argument: Any) -> None:
        return None

    sys.settrace(trace)
    try:
        for name in ("apgd-ce", "apgd-t", "fab-t", "square50"):
            named_attack(name, EPSILON)(model, images, labels, ids, 0)
        after = sys.gettrace()
    finally:
        sys.settrace(before)
    assert after is trace


def test_square_that_skips_finds_the_same_with_fewer_passes() -> None:
    model = linear()
    images, labels, ids = batch(model)
    passes = [0]
    model.register_forward_hook(lambda module, inputs, output: passes.append(passes.pop() + len(output)))
    results, counts = [], []
    for skips in (False, True):
        passes[0] = 0
        results.append(Square(EPSILON / 4, queries=2000, skip_unchanged=skips)(model, images, labels, ids, 0))
        counts.append(passes[0])
    assert torch.equal(*results)
    left = ~misclassified(model(results[0]), labels)
    assert 0 < left.sum() < len(ids) - 1
    # Of single pixels in a ball of two values about every second change changes nothing.
    assert counts[1] < 0.8 * counts[0]


@pytest.mark.parametrize(
    "norm", ["linf", pytest.param("l2", marks=pytest.mark.slow), pytest.param("l1", marks=pytest.mark.slow)]
)
@pytest.mark.usefixtures("fewer_steps")
def test_the_cascade_breaks_what_the_standard_version_breaks(norm: Norm) -> None:
    model = linear()
    images, labels, ids = batch(model, 30)
    radius = RADII[norm] / 8

    def left(name: str) -> Tensor:
        ensemble = named_attack(name, radius, norm)
        assert isinstance(ensemble, Ensemble)
        # These, the same in both, take most of the time and add nothing here.
        members = tuple(member for member in ensemble.members if member[0] not in ("fab-t", "square"))
        return ~misclassified(model(Ensemble(name, members)(model, images, labels, ids, 0)), labels)

    cascade, standard, fast = left("autoattack-cascade"), left("autoattack"), left("autoattack-fast")
    assert not (cascade & ~standard).any()
    assert not (cascade & ~fast).any()
    assert cascade.any()


def test_the_cascades_attacks_are_those_of_fast_and_standard_version() -> None:
    names = [name for name, _ in named_attack("autoattack-cascade", EPSILON).members]  # type: ignore[attr-defined]
    assert names == ["pgd20", "apgd-ce", "apgd-t3", "pgd10x10-margin", "apgd-t4-9", "fab-t", "square"]
    names = [name for name, _ in named_attack("autoattack-cascade", Fraction(4), "l1").members]  # type: ignore[attr-defined]
    assert names == ["pgd20", "apgd-ce", "apgd-t3", "pgd10x10-margin", "apgd-t4-5", "fab-t", "square"]


def test_further_targets_start_where_all_of_them_would() -> None:
    """Three targets and then the rest are nine targets, with the same noise."""
    model = linear()
    images, labels, ids = batch(model, 40)
    whole = TargetedAPGD(EPSILON / 6)(model, images, labels, ids, 0)
    first = TargetedAPGD(EPSILON / 6, targets=3)(model, images, labels, ids, 0)
    rest = TargetedAPGD(EPSILON / 6, targets=6, first=4)(model, images, labels, ids, 0)
    broken = [misclassified(model(found), labels) for found in (whole, first, rest)]
    assert torch.equal(broken[0], broken[1] | broken[2])


class TestFewClasses:
    """Targets are as many as there are other classes, and losses that need more are left out in words."""

    @pytest.mark.parametrize("classes", [2, 3, 4, 5])
    def test_fab_and_square_go_towards_all_there_are(self, classes: int) -> None:
        model = linear(classes)
        images, labels, ids = batch(model, 12)
        for name in ("apgd-ce", "fab-t", "square100"):
            found = named_attack(name, EPSILON)(model, images, labels, ids, 0)
            assert misclassified(model(found), labels).sum() > 1

    @pytest.mark.parametrize(("classes", "left_out"), [(2, ["apgd-t3"]), (3, ["apgd-t3"]), (4, [])])
    def test_ensembles_say_what_they_leave_out(self, classes: int, left_out: list[str]) -> None:
        model = linear(classes)
        images, labels, ids = batch(model, 12)
        ensemble = named_attack("autoattack-fast", EPSILON)
        assert isinstance(ensemble, Ensemble)
        assert list(ensemble.left_out(classes)) == left_out
        for reason in ensemble.left_out(classes).values():
            assert f"needs 4 classes, but the network has {classes}" in reason
        assert misclassified(model(ensemble(model, images, labels, ids, 0)), labels).sum() > 1

    @pytest.mark.parametrize(("name", "classes", "least"), [("apgd-t", 3, 4), ("apgd-t3", 2, 4), ("apgd-dlr", 2, 3)])
    def test_one_asked_for_by_name_is_refused(self, name: str, classes: int, least: int) -> None:
        model = linear(classes)
        with pytest.raises(InputError, match=f"{name} needs {least} classes .* the network has {classes}"):
            named_attack(name, EPSILON)(model, *batch(model, 4), 0)


class BrokenWhereBright(nn.Module):
    """Right everywhere, with logits of NaN for images that are a little brighter."""

    def forward(self, images: Tensor) -> Tensor:
        brightness = images.mean(dim=(1, 2, 3))
        logits = torch.stack((-brightness, *[brightness - 3 - n for n in range(4)]), dim=1)
        return torch.where(brightness[:, None] > 0.55, torch.nan, logits)


@pytest.mark.parametrize("name", ["apgd-ce", "apgd-t", "square500"])
def test_logits_that_are_not_finite_are_found(name: str) -> None:
    """Also of class 0, that argmax says of NaN."""
    images, labels = torch.full((6, 1, 8, 8), 0.5), torch.zeros(6, dtype=torch.int64)
    model = BrokenWhereBright()
    assert not misclassified(model(images), labels).any()
    found = named_attack(name, Fraction(1, 10))(model, images, labels, torch.arange(6), 0)
    assert found.isfinite().all()
    assert misclassified(model(found), labels).all()


class Rounding(nn.Module):
    """A network behind rounded images, whose gradient vanishes."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = linear()

    def forward(self, images: Tensor) -> Tensor:
        return self.inner((images.detach() * 4).round() / 4)


@pytest.mark.parametrize("name", ["apgd-ce", "apgd-t", "fab-t", "square500"])
def test_a_network_without_gradient_is_no_error(name: str) -> None:
    model = Rounding()
    images, labels, ids = batch(model)
    found = named_attack(name, EPSILON)(model, images, labels, ids, 0)
    broken = misclassified(model(found), labels).sum()
    assert broken > 5 if name == "square500" else broken >= 1


@pytest.mark.parametrize(
    ("name", "attack"),
    [
        ("apgd-ce", APGD(EPSILON)),
        ("apgd-dlr", APGD(EPSILON, loss="dlr")),
        ("apgd-t", TargetedAPGD(EPSILON)),
        ("apgd-t3", TargetedAPGD(EPSILON, targets=3)),
        ("fab-t", TargetedFAB(EPSILON)),
        ("square", Square(EPSILON)),
        ("square500", Square(EPSILON, queries=500)),
    ],
)
def test_names(name: str, attack: Attack) -> None:
    assert named_attack(name, EPSILON) == attack
    assert attack.name == name  # type: ignore[attr-defined]
    assert named_attack(name, Fraction(4), "l1").norm == "l1"


@pytest.mark.parametrize("name", ["apgd", "apgd-t0", "fab", "square0", "square-5", "autoattack-slow", "apgd-t3x"])
def test_no_names(name: str) -> None:
    with pytest.raises(InputError, match="unknown attack") as caught:
        named_attack(name, EPSILON)
    assert "autoattack-cascade" in str(caught.value)


def test_they_are_described_as_json() -> None:
    described = describe(TargetedAPGD(EPSILON, targets=3))
    assert described == {"name": "TargetedAPGD", "norm": "linf", "epsilon": "3/20", "targets": 3, "first": 1}
    assert named_attack("standard", EPSILON) == named_attack("autoattack", EPSILON)


def test_memory_of_another_order_reaches_the_network() -> None:
    """The library works on contiguous memory; the network is given that which it was asked in."""
    images, labels, ids = random_batch()
    images = images.float().expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
    seen = set()

    class Watching(nn.Module):
        def forward(self, points: Tensor) -> Tensor:
            seen.add(points.is_contiguous(memory_format=torch.channels_last))
            return points[:, :, :2, :2].flatten(1)[:, :10]

    for name in ("apgd-ce", "fab-t", "square100"):
        named_attack(name, EPSILON)(Watching(), images, labels, ids, 0)
    assert seen == {True}


@pytest.mark.parametrize("norm", ["l2", "l1"])
def test_square_refuses_images_that_are_too_small_for_its_tiles(norm: Norm) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 3)).eval()
    images = torch.rand(2, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    with pytest.raises(InputError, match=r"square5 in the .* ball needs images of 5x5 or more"):
        Square(Fraction(1, 10), norm, queries=5)(network, images, torch.zeros(2, dtype=torch.long), torch.arange(2), 0)


class HalfBroken(nn.Module):
    """Logits that are not finite for bright images."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(64, 10)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.linear(images.flatten(1))
        bright = images.flatten(1).mean(1, keepdim=True) > 0.503
        return torch.where(bright, logits * torch.inf, logits)


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("name", ["apgd-ce", "apgd-t2", "fab-t", "square50"])
def test_looking_at_the_end_whether_logits_are_finite_changes_no_number(
    name: str, broken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autoattack, "_STEPS", 10)
    torch.manual_seed(0)
    model = HalfBroken() if broken else nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    images, ids = torch.rand(8, 1, 8, 8), torch.arange(8)
    labels = model(images).nan_to_num(0, 0, 0).argmax(1)
    attack = named_attack(name, Fraction(1, 50))
    with Waits() as careful:
        expected = attack(model, images, labels, ids, 0)
    monkeypatch.setattr(autoattack, "_WAITED_FOR", {"cpu"})
    with Waits() as trusting:
        assert torch.equal(attack(model, images, labels, ids, 0), expected)
    assert (trusting.waits < careful.waits) != broken


@pytest.mark.parametrize(("skip", "most"), [(False, 2), (True, 4)])
def test_a_query_of_square_waits_for_a_gpu_only_to_choose_images(
    skip: bool, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autoattack, "_WAITED_FOR", {"cpu"})
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    images, ids = torch.rand(6, 1, 8, 8), torch.arange(6)
    labels = model(images).argmax(1)
    counts = []
    for queries in (10, 30):
        # In so small a ball all images withstand every query.
        with Waits() as counter:
            Square(Fraction(1, 10**6), queries=queries, skip_unchanged=skip)(model, images, labels, ids, 0)
        counts.append(counter.waits)
    assert (counts[1] - counts[0]) / 20 <= most
