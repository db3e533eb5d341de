from .candidates import (
    BudgetCandidates as BudgetCandidates,
    most_robust as most_robust,
    uniform_rule as uniform_rule,
)
from .estimate import (
    Family as Family,
    Optima as Optima,
)
from ._exponents import (
    Exponents as Exponents,
    exponents as exponents,
)
from .findings import compare_with_paper as compare_with_paper
from ._fit import (
    Rules as Rules,
    fit as fit,
    fit_observations as fit_observations,
)
from .observations import Observations as Observations
from .out_of_sample import (
    CandidateComparison as CandidateComparison,
    MeasuredCandidate as MeasuredCandidate,
    RuleTestBudget as RuleTestBudget,
)
from .prediction import (
    BudgetPrediction as BudgetPrediction,
    Candidate as Candidate,
    RulePrediction as RulePrediction,
)
from .ranking import (
    Ranking as Ranking,
    rank as rank,
)
from .ranking_bias import RankingBias as RankingBias
from .saved_rule import (
    ROBUST_SCALING as ROBUST_SCALING,
    SavedRule as SavedRule,
    find_rule as find_rule,
)
from .shares import interval_of as interval_of
from .synthetic_responses import (
    FORMS as FORMS,
    synthetic_response as synthetic_response,
)
from .verdict import (
    Quantity as Quantity,
    Verdict as Verdict,
)
