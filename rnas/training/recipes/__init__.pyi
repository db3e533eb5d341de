from .advanced import AAT as AAT
from .advrush import ADVRUSH as ADVRUSH
from .baseline import (
    BAT as BAT,
    BAT_MART as BAT_MART,
    BAT_SAT as BAT_SAT,
)
from .fast import (
    FGSM_RS as FGSM_RS,
    N_FGSM as N_FGSM,
)
from .free import FREE as FREE
from .liu import (
    LIU as LIU,
    LIU_VIT as LIU_VIT,
)
from .mart import MART as MART
from .robnet import ROBNET as ROBNET
from .rst import RST as RST
from .sat import (
    SAT as SAT,
    SHORT_SAT as SHORT_SAT,
)
from .standard import STANDARD as STANDARD
from .trades import TRADES as TRADES
from .weight_perturbation import (
    SAT_AWP as SAT_AWP,
    TRADES_AWP as TRADES_AWP,
)
