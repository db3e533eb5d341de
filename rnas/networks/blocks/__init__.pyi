from .basic import (
    Basic as Basic,
)
from .bottleneck import (
    Bottleneck as Bottleneck,
)
from .inverted_bottleneck import (
    InvertedBottleneck as InvertedBottleneck,
)
from .no_residual import (
    NoResidual as NoResidual,
)
from .robust_res_block import (
    RobustRes as RobustRes,
    balanced_base_width as balanced_base_width,
)
