from .corruption_robustness import (
    CorruptionRobustness as CorruptionRobustness,
    evaluate_corruptions as evaluate_corruptions,
    evaluate_published_corruptions as evaluate_published_corruptions,
)
from .evaluation_result import (
    AttackEvaluation as AttackEvaluation,
    Flag as Flag,
    FlagChecks as FlagChecks,
    MeasuredAccuracy as MeasuredAccuracy,
    ThreatEvaluation as ThreatEvaluation,
)
from .robustness import (
    Robustness as Robustness,
    evaluate_robustness as evaluate_robustness,
)
from .subject import EvaluatedNetwork as EvaluatedNetwork
from .threats import Threat as Threat
from .training_settings import (
    EvaluationSettings as EvaluationSettings,
    TrainingSettings as TrainingSettings,
)
