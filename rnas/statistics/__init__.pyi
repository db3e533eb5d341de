from .crossed import (
    compared_variances as compared_variances,
    mean_variances as mean_variances,
)
from ._holm import holm as holm
from .interval import Interval as Interval
from ._mcnemar import mcnemar as mcnemar
from .mixed_model import MixedModel as MixedModel
from .proportions import (
    Proportion as Proportion,
    indistinguishable as indistinguishable,
    proportion as proportion,
)
from ._ranks import (
    kendall_tau as kendall_tau,
    normal_scores as normal_scores,
)
from .sequential import (
    level as level,
    next_seeds as next_seeds,
)
from .tukey import (
    Analysis as Analysis,
    Pair as Pair,
    analyse as analyse,
    critical_range as critical_range,
    detectable as detectable,
    distinguishable as distinguishable,
)
