from .crossed_design import CrossedDesign as CrossedDesign
from .nni_strategies import NNIStrategy as NNIStrategy
from .nsga2 import NSGA2Strategy as NSGA2Strategy
from .optuna_strategy import OptunaStrategy as OptunaStrategy
from .random import RandomSearch as RandomSearch
from .surrogate import Surrogate as Surrogate
from .surrogate_nsga2 import SurrogateNSGA2 as SurrogateNSGA2
