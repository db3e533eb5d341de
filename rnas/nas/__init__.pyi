from .config import (
    FinalEvaluation as FinalEvaluation,
    SearchConfig as SearchConfig,
)
from .final_evaluation import FinalMember as FinalMember
from .front import (
    hypervolume as hypervolume,
    hypervolume_history as hypervolume_history,
    non_dominated as non_dominated,
)
from .ledger import (
    Ledger as Ledger,
    Record as Record,
)
from .listed_space import DesignSpace as DesignSpace
from .objective import (
    Objective as Objective,
    minimised as minimised,
)
from .presets import (
    preset as preset,
    preset_names as preset_names,
    preset_text as preset_text,
)
from .quality import Quality as Quality
from .rung_quality import RungQuality as RungQuality
from .space import (
    Choice as Choice,
    SearchSpace as SearchSpace,
    SpaceSettings as SpaceSettings,
    Variable as Variable,
)
from .strategy import (
    Columns as Columns,
    Prediction as Prediction,
    Problem as Problem,
    Proposal as Proposal,
    Results as Results,
    Strategy as Strategy,
    View as View,
)
