from .averaging import (
    EMA as EMA,
    SWA as SWA,
    Averaging as Averaging,
)
from .inner_attack import (
    FreeAT as FreeAT,
    InnerAttack as InnerAttack,
    PGDInner as PGDInner,
)
from .losses import Loss as Loss
from .losses.cross_entropy import CrossEntropy as CrossEntropy
from .losses.mart import MART as MART
from .losses.trades import TRADES as TRADES
from .numerics import Numerics as Numerics
from .plan import Plan as Plan
from .recipe import Recipe as Recipe
from .schedules import Schedule as Schedule
from .schedules.cosine import Cosine as Cosine
from .schedules.multistep import Multistep as Multistep
from .schedules.one_cycle import OneCycle as OneCycle
from .search_cost import (
    NO_COST as NO_COST,
    SearchCost as SearchCost,
    attack_cost as attack_cost,
    training_cost as training_cost,
)
from .trainer import (
    Check as Check,
    Trainer as Trainer,
)
from .weight_perturbation import WeightPerturbation as WeightPerturbation
