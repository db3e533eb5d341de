from .adversarial_training import (
    AdversarialTraining as AdversarialTraining,
    AdversarialTrainingSettings as AdversarialTrainingSettings,
)
from .call import (
    Call as Call,
    CallSettings as CallSettings,
)
from .evaluator import (
    Context as Context,
    EvaluatesWeights as EvaluatesWeights,
    Evaluation as Evaluation,
    Evaluator as Evaluator,
    ProvidesFinalEvaluator as ProvidesFinalEvaluator,
    Rung as Rung,
    Status as Status,
    Task as Task,
)
from .table import (
    Table as Table,
    TableSettings as TableSettings,
)
