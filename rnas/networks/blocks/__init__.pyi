from .basic import (
    Basic as Basic,
    BasicBlock as BasicBlock,
)
from .bottleneck import (
    Bottleneck as Bottleneck,
    BottleneckBlock as BottleneckBlock,
)
from .inverted_bottleneck import (
    InvertedBottleneck as InvertedBottleneck,
    InvertedBottleneckBlock as InvertedBottleneckBlock,
)
from .no_residual import (
    NoResidual as NoResidual,
    NoResidualBlock as NoResidualBlock,
)
from .robust_res_block import (
    RobustRes as RobustRes,
    RobustResBlock as RobustResBlock,
    balanced_base_width as balanced_base_width,
)
