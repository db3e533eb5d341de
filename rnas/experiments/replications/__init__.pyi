from .analysis import (
    ClaimVerdict as ClaimVerdict,
    Finding as Finding,
)
from .claim import (
    Claim as Claim,
    ClaimEstimate as ClaimEstimate,
    Contrast as Contrast,
    Estimand as Estimand,
    RankCorrelation as RankCorrelation,
    Term as Term,
    Trend as Trend,
)
from .contrasts import (
    Levels as Levels,
    difference as difference,
    mean as mean,
    minus as minus,
    slope as slope,
    trend as trend,
    uncorrelated as uncorrelated,
)
from .design import (
    CAPACITIES as CAPACITIES,
    DesignCell as DesignCell,
    Factor as Factor,
    Replication as Replication,
    ReplicationFigure as ReplicationFigure,
    Size as Size,
    capacity_label as capacity_label,
    replications as replications,
    stratified as stratified,
)
from .noise import Noise as Noise
from .settings import ReplicationSettings as ReplicationSettings
