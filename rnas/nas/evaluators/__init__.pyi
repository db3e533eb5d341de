from .adversarial_training import (
    AdversarialTraining as AdversarialTraining,
    AdversarialTrainingSettings as AdversarialTrainingSettings,
)
from .call import (
    Call as Call,
    CallSettings as CallSettings,
)
from .costs import (
    CostSettings as CostSettings,
    FunctionSettings as FunctionSettings,
    LatencySettings as LatencySettings,
    MemorySettings as MemorySettings,
)
from .evaluator import (
    Context as Context,
    CountsImages as CountsImages,
    EvaluatesWeights as EvaluatesWeights,
    Evaluation as Evaluation,
    EvaluationEstimate as EvaluationEstimate,
    Evaluator as Evaluator,
    KnowsWhatItHolds as KnowsWhatItHolds,
    NamesStages as NamesStages,
    NotesSpeed as NotesSpeed,
    ProvidesFinalEvaluator as ProvidesFinalEvaluator,
    ReadsInputs as ReadsInputs,
    Rung as Rung,
    SharesCost as SharesCost,
    Status as Status,
    Task as Task,
)
from .lookup import (
    Lookup as Lookup,
    PublicTable as PublicTable,
    Results as Results,
    Row as Row,
    held_by as held_by,
    results_of as results_of,
)
from .shared_weights import (
    SharedWeights as SharedWeights,
    SharedWeightsSettings as SharedWeightsSettings,
)
from .table import (
    Table as Table,
    TableSettings as TableSettings,
)
