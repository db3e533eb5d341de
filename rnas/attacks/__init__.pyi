from .attack import (
    Attack as Attack,
    Norm as Norm,
)
from .autoattack import (
    APGD as APGD,
    Square as Square,
    TargetedAPGD as TargetedAPGD,
    TargetedFAB as TargetedFAB,
)
from .autoattack_ensembles import Ensemble as Ensemble
from .balls import BALLS as BALLS
from .balls.ball import Ball as Ball
from ._check_perturbation import check_perturbation as check_perturbation
from .cw import CW as CW
from .deepfool import DeepFool as DeepFool
from .description import describe as describe
from .family import AttackFamily as AttackFamily
from .fgsm import FGSM as FGSM
from .gama import GAMA as GAMA
from .gradient import input_gradient as input_gradient
from .losses import (
    LOSSES as LOSSES,
)
from .mi_fgsm import MIFGSM as MIFGSM
from .named import (
    attack_forms as attack_forms,
    named_attack as named_attack,
)
from .pgd import PGD as PGD
from .start import (
    FROM_THE_IMAGE as FROM_THE_IMAGE,
    UNIFORM as UNIFORM,
    Start as Start,
)
from .state import attacking as attacking
from .transfer import Transfer as Transfer
from .names import LossName as LossName
