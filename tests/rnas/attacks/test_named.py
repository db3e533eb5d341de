from contextlib import suppress
from fractions import Fraction

import pytest
import torch
from torch import nn

from rnas import registry
from rnas.attacks import autoattack
from rnas.attacks.attack import Attack, Norm
from rnas.attacks.cw import CW
from rnas.attacks.deepfool import DeepFool
from rnas.attacks.family import AttackFamily
from rnas.attacks.fgsm import FGSM
from rnas.attacks.gama import GAMA
from rnas.attacks.mi_fgsm import MIFGSM
from rnas.attacks.named import attack_families, attack_forms, named_attack
from rnas.attacks.pgd import PGD
from rnas.errors import InputError

EPSILON = Fraction(8, 255)
TENTH = Fraction(1, 10)


@pytest.mark.parametrize(
    ("name", "attack"),
    [
        ("fgsm", FGSM(EPSILON)),
        ("pgd20", PGD(EPSILON, 20, TENTH)),
        ("pgd7-margin", PGD(EPSILON, 7, TENTH, "margin")),
        ("pgd20-cw", PGD(EPSILON, 20, TENTH, "cw")),
        ("pgd20-dlr", PGD(EPSILON, 20, TENTH, "dlr")),
        ("pgd20-kl", PGD(EPSILON, 20, TENTH, "kl")),
        ("pgd20x5", PGD(EPSILON, 20, TENTH, restarts=5)),
        ("pgd20x5-margin", PGD(EPSILON, 20, TENTH, "margin", restarts=5)),
        ("cw40", CW(EPSILON, 40)),
        ("mi-fgsm10", MIFGSM(EPSILON, 10)),
        ("gama100", GAMA(EPSILON)),
        ("deepfool50", DeepFool(EPSILON, 50)),
    ],
)
def test_names_of_the_papers(name: str, attack: Attack) -> None:
    assert named_attack(name, EPSILON) == attack


@pytest.mark.parametrize(
    ("name", "attack"),
    [
        ("fgsm", FGSM(EPSILON, "l2")),
        ("pgd20x2", PGD(EPSILON, 20, TENTH, norm="l2", restarts=2)),
        ("mi-fgsm10", MIFGSM(EPSILON, norm="l2")),
        ("deepfool50", DeepFool(EPSILON, norm="l2")),
    ],
)
def test_names_in_another_norm(name: str, attack: Attack) -> None:
    assert named_attack(name, EPSILON, "l2") == attack


@pytest.mark.parametrize(
    ("name", "norm", "known"),
    [("cw40", "l2", "linf"), ("gama100", "l1", "linf"), ("mi-fgsm10", "l1", "linf, l2"), ("deepfool5", "l1", "linf")],
)
def test_a_norm_that_an_attack_has_not_names_those_it_has(name: str, norm: Norm, known: str) -> None:
    with pytest.raises(InputError, match=f"attack {name} has no {norm} form; it has {known}"):
        named_attack(name, EPSILON, norm)


@pytest.mark.parametrize(
    "name",
    [
        *("", "pgd", "pgd0", "pgd020", "pgd-20", "PGD20", "pgd20 ", "pgd20\n", "pgd\N{ARABIC-INDIC DIGIT THREE}"),
        *("pgd20x", "pgd20x0", "pgd20-", "pgd20-cross-entropy", "pgd20-marginal", "pgd20-margin-margin"),
        *("cw", "cw0", "gama50", "mi-fgsm", "deepfool"),
    ],
)
def test_an_unknown_name_tells_every_form_in_one_line(name: str) -> None:
    with pytest.raises(InputError, match="unknown attack") as raised:
        named_attack(name, EPSILON)
    message = str(raised.value)
    assert "\n" not in message
    for form in ("fgsm", "pgd20", "cw40", "mi-fgsm10", "gama100", "deepfool50"):
        assert form in message


def test_every_family_names_its_forms_and_has_a_norm() -> None:
    families = attack_families()
    assert list(families) == registry.names(registry.ATTACKS)
    assert {"fgsm", "pgd", "cw", "mi-fgsm", "gama", "deepfool"} <= families.keys()
    assert all(family.norms and family.forms in attack_forms() for family in families.values())


def _register(monkeypatch: pytest.MonkeyPatch, family: AttackFamily) -> None:
    """As another package's entry point would."""
    ours = {name: registry.load(registry.ATTACKS, name) for name in registry.names(registry.ATTACKS)}
    together = {**ours, "theirs": family}
    monkeypatch.setattr(registry, "names", lambda group: sorted(together))
    monkeypatch.setattr(registry, "load", lambda group, name: together[name])


def test_another_packages_family_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(name: str, epsilon: Fraction, norm: Norm) -> Attack | None:
        return PGD(epsilon, 3, norm=norm) if name == "my-attack" else None

    _register(monkeypatch, AttackFamily("mine", "my-attack, of mine", ("l2",), parse))
    assert named_attack("my-attack", EPSILON, "l2") == PGD(EPSILON, 3, norm="l2")
    assert named_attack("fgsm", EPSILON) == FGSM(EPSILON)
    with pytest.raises(InputError, match="attack my-attack has no linf form; it has l2"):
        named_attack("my-attack", EPSILON)
    with pytest.raises(InputError, match="my-attack, of mine"):
        named_attack("yours", EPSILON)


def test_a_name_of_two_families_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    family = AttackFamily("other", "fgsm", ("linf",), lambda name, epsilon, norm: FGSM(epsilon))
    _register(monkeypatch, family)
    with pytest.raises(InputError, match="fgsm is a name in several registered families, fgsm, theirs"):
        named_attack("fgsm", EPSILON)


def test_a_family_that_bears_the_name_of_another_does_not_hide_it(monkeypatch: pytest.MonkeyPatch) -> None:
    family = AttackFamily("fgsm", "fgsm", ("linf",), lambda name, epsilon, norm: PGD(epsilon, 3))
    _register(monkeypatch, family)
    with pytest.raises(InputError, match="several registered families, fgsm, theirs"):
        named_attack("fgsm", EPSILON)


def test_a_family_that_cannot_be_loaded_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    load, names = registry.load, registry.names(registry.ATTACKS)

    def loaded(group: str, name: str) -> object:
        if name == "theirs":
            raise InputError("attack 'theirs' cannot be loaded")
        return load(group, name)

    monkeypatch.setattr(registry, "names", lambda group: [*names, "theirs"])
    monkeypatch.setattr(registry, "load", loaded)
    assert named_attack("fgsm", EPSILON) == FGSM(EPSILON)
    with pytest.raises(InputError, match="not loaded: theirs"):
        named_attack("my-attack", EPSILON)


SHORT = ("fgsm", "pgd3", "pgd3x2-margin", "pgd3-cw", "pgd3-dlr", "pgd3-kl", "cw3", "mi-fgsm3", "gama100", "deepfool3")
OF_AUTOATTACK = ("apgd-ce", "apgd-dlr", "apgd-t", "fab-t", "square20")


@pytest.mark.slow
@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
@pytest.mark.parametrize("classes", [2, 3, 4, 5])
def test_every_attack_runs_for_few_classes_or_says_how_many_it_needs(
    norm: Norm, classes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Later steps do what the first ones do.
    monkeypatch.setattr(autoattack, "_STEPS", 10)
    monkeypatch.setattr(autoattack, "_SCHEDULE_IN_L1", ((3, 4), (2, 4), (1, 4)))
    epsilon = {"linf": Fraction(1, 500), "l2": Fraction(1, 100), "l1": Fraction(1, 100)}[norm]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Flatten(), nn.Linear(64, classes)).eval()
        images = torch.rand(2, 1, 8, 8)
    labels = network(images).argmax(1)
    run = set()
    for name in (*SHORT, *OF_AUTOATTACK):
        # Any other error than one line is a fault.
        with suppress(InputError):
            found = named_attack(name, epsilon, norm)(network, images, labels, torch.arange(2), 0)
            assert found.shape == images.shape
            run.add(name)
    assert {"fgsm", "pgd3", "apgd-ce", "fab-t", "square20"} <= run
    assert ("apgd-dlr" in run) == (classes >= 3)
    assert ("apgd-t" in run) == (classes >= 4)


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_apgd_in_the_l1_ball_needs_no_target_classes(classes: int) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Flatten(), nn.Linear(12, classes)).eval()
        images = torch.rand(2, 3, 2, 2)
    attack = named_attack("apgd-ce", Fraction(1, 100), "l1")
    assert attack(network, images, network(images).argmax(1), torch.arange(2), 0).shape == images.shape
