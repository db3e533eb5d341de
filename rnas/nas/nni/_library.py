"""Import NNI 3 (Microsoft), an extra, without the warnings of its import."""

import warnings

from rnas.errors import InputError

try:
    with warnings.catch_warnings():
        # NNI does not know these classes of newer versions of torch.
        warnings.filterwarnings("ignore", message=".* is found to be not a nn.Module", category=RuntimeWarning)
        # NNI and its requirements use deprecated parts of Python and of each other.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", SyntaxWarning)
        from nni.mutable import Categorical, LabeledMutable, Mutable
        from nni.mutable.annotation import Constraint
        from nni.mutable.exception import ConstraintViolation, SampleValidationError
        from nni.nas.execution import ExecutionEngine
        from nni.nas.execution.event import FinalMetricEvent, TrainingEndEvent
        from nni.nas.nn.pytorch import ModelSpace
        from nni.nas.space import ExecutableModelSpace, ModelStatus, SimplifiedModelSpace
        from nni.nas.strategy import GridSearch, Random, RegularizedEvolution, Strategy
except ModuleNotFoundError as error:
    missing = str(error.name).partition(".")[0]
    raise InputError(f'{missing} is not installed: pip install "rnas[nni]"') from None

__all__ = [
    "Categorical",
    "Constraint",
    "ConstraintViolation",
    "ExecutableModelSpace",
    "ExecutionEngine",
    "FinalMetricEvent",
    "GridSearch",
    "LabeledMutable",
    "ModelSpace",
    "ModelStatus",
    "Mutable",
    "Random",
    "RegularizedEvolution",
    "SampleValidationError",
    "SimplifiedModelSpace",
    "Strategy",
    "TrainingEndEvent",
]
