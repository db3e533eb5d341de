"""Image for image against Foolbox (Rauber et al., JOSS 2020), from the same starting points.

Its MI-FGSM takes the sign of each gradient before it adds it, which is not the paper's, so that is not compared.
"""

import copy
import warnings
from fractions import Fraction
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

from rnas.attacks.attack import Norm
from rnas.attacks.deepfool import DeepFool
from rnas.attacks.fgsm import FGSM
from rnas.attacks.pgd import PGD
from rnas.attacks.start import UNIFORM

RADII: dict[Norm, Fraction] = {"linf": Fraction(1, 10), "l2": Fraction(1, 2)}
SEED = 3


@pytest.fixture(scope="module")
def foolbox() -> ModuleType:
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as environment:
        # Its downloads of models, which are not used, would else ask for git.
        environment.setenv("GIT_PYTHON_REFRESH", "quiet")
        # It imports a function from where SciPy once had it.
        warnings.simplefilter("ignore", DeprecationWarning)
        import foolbox

    return foolbox


@pytest.fixture(params=[torch.float32, torch.float64], ids=["float32", "float64"])
def subject(request: pytest.FixtureRequest, trained) -> Any:
    """The trained network and its images in a number format."""
    network = copy.deepcopy(trained.network).to(request.param)
    return type(trained)(network, trained.images.to(request.param), trained.labels, trained.ids)


def their_result(foolbox: ModuleType, attack: Any, subject: Any, epsilon: Fraction | None) -> Tensor:
    model = foolbox.PyTorchModel(subject.network, bounds=(0, 1), device="cpu")
    criterion = foolbox.criteria.Misclassification(subject.labels)
    radius = {} if epsilon is None else {"epsilon": float(epsilon)}
    return attack.run(model, subject.images, criterion, **radius)


def require_equal(subject: Any, ours: Tensor, theirs: Tensor) -> None:
    apart = (ours - theirs).abs()
    if ours.dtype == torch.float32:
        # Over forty steps the rounding of a machine may grow, in a pixel here and there.
        assert apart.double().flatten().quantile(0.99) < 1e-5
        assert apart.max() < 1e-3
    else:
        assert apart.max() < 1e-12
    wrong = [subject.network(result).argmax(1) != subject.labels for result in (ours, theirs)]
    assert torch.equal(*wrong)
    assert 10 < wrong[0].sum() < 90


@pytest.mark.parametrize("norm", RADII)
@pytest.mark.parametrize(("steps", "step"), [(1, Fraction(1)), (5, Fraction(1, 4)), (40, Fraction(1, 10))])
def test_pgd(foolbox: ModuleType, subject: Any, norm: Norm, steps: int, step: Fraction) -> None:
    import eagerpy

    epsilon = RADII[norm]
    base = foolbox.attacks.LinfPGD if norm == "linf" else foolbox.attacks.L2PGD

    class FromOurStart(base):  # type: ignore[misc, valid-type]
        def get_random_start(self, x0: Any, radius: float) -> Any:
            return eagerpy.astensor(UNIFORM.of(x0.raw, radius, subject.ids, SEED, norm))

    attack = FromOurStart(steps=steps, rel_stepsize=float(step), random_start=True)
    theirs = their_result(foolbox, attack, subject, epsilon)
    ours = PGD(epsilon, steps, step, norm=norm)(subject.network, subject.images, subject.labels, subject.ids, SEED)
    require_equal(subject, ours, theirs)


@pytest.mark.parametrize("norm", RADII)
def test_fgsm(foolbox: ModuleType, subject: Any, norm: Norm) -> None:
    base = foolbox.attacks.LinfFastGradientAttack if norm == "linf" else foolbox.attacks.L2FastGradientAttack
    theirs = their_result(foolbox, base(random_start=False), subject, RADII[norm])
    ours = FGSM(RADII[norm], norm)(subject.network, subject.images, subject.labels, subject.ids, SEED)
    require_equal(subject, ours, theirs)


@pytest.mark.parametrize("norm", RADII)
def test_deepfool_finds_perturbations_of_the_same_size(foolbox: ModuleType, subject: Any, norm: Norm) -> None:
    base = foolbox.attacks.LinfDeepFoolAttack if norm == "linf" else foolbox.attacks.L2DeepFoolAttack
    theirs = their_result(foolbox, base(steps=50, candidates=10, overshoot=0.02), subject, None)
    change = (theirs - subject.images).double().flatten(1)
    sizes = change.abs().amax(1) if norm == "linf" else change.norm(dim=1)
    found = DeepFool(RADII[norm], norm=norm).minimal_norms(subject.network, subject.images, subject.labels)
    assert torch.equal(found == 0, sizes == 0)
    ratio = (found / sizes)[sizes > 0]
    # They go on by 1e-4 after every step, and carry on what the range of pixels cuts off; now and then an image's path
    # leads to another class.
    assert ratio.quantile(0.02) > 0.97
    assert ratio.min() > 0.8
    assert ratio.quantile(0.98) < 1.01
    assert ratio.max() < 1.2
    assert 0.99 < ratio.median() < 1.001
