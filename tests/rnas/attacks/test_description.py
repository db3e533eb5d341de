import json
from dataclasses import dataclass
from fractions import Fraction

import pytest

from rnas.attacks.attack import Norm
from rnas.attacks.description import describe
from rnas.attacks.fgsm import FGSM
from rnas.attacks.gama import GAMA
from rnas.attacks.named import named_attack
from rnas.attacks.pgd import PGD

EPSILON = Fraction(8, 255)


def test_pgd_is_described_by_all_its_settings() -> None:
    assert describe(PGD(EPSILON, 20, Fraction(1, 4), "margin", norm="l2", restarts=5)) == {
        "name": "PGD",
        "norm": "l2",
        "epsilon": "8/255",
        "steps": 20,
        "step": "1/4",
        "step_size": "2/255",
        "loss": "margin",
        "start": {"noise": "uniform", "share": "1"},
        "mode": "eval",
        "projection": True,
        "restarts": 5,
    }


def test_a_special_case_of_pgd_is_described_as_such() -> None:
    described = describe(FGSM(EPSILON, "l1"))
    assert described["name"] == "FGSM"
    assert (described["norm"], described["steps"], described["step_size"]) == ("l1", 1, "8/255")
    assert described["start"]["noise"] == "none"
    assert describe(named_attack("cw40", EPSILON))["loss"] == "cw"


@pytest.mark.parametrize("name", ["fgsm", "pgd20", "pgd20x5-dlr", "cw40", "mi-fgsm10", "gama100", "deepfool50"])
def test_every_description_is_json(name: str) -> None:
    described = describe(named_attack(name, EPSILON))
    assert json.loads(json.dumps(described, allow_nan=False)) == described
    assert described["epsilon"] == "8/255"


def test_other_settings_are_other_descriptions() -> None:
    assert describe(GAMA(EPSILON)) != describe(GAMA(EPSILON, weight=10))
    assert describe(PGD(EPSILON, 20)) != describe(PGD(EPSILON, 20, restarts=2))


def test_another_packages_attack_is_described_by_its_fields() -> None:
    @dataclass(frozen=True)
    class Patch:
        epsilon: Fraction
        sizes: tuple[int, ...] = (3, 5)
        norm: Norm = "linf"

        def __call__(self, model, images, labels, ids, seed):
            return images

    assert describe(Patch(EPSILON)) == {"name": "Patch", "norm": "linf", "epsilon": "8/255", "sizes": [3, 5]}
