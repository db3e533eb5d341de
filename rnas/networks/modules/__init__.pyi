from .blocks import (
    BasicBlock as BasicBlock,
)
from .blocks import (
    BottleneckBlock as BottleneckBlock,
)
from .blocks import (
    InvertedBottleneckBlock as InvertedBottleneckBlock,
)
from .blocks import (
    NoResidualBlock as NoResidualBlock,
)
from .blocks import (
    RobustResBlock as RobustResBlock,
)
from .blocks import (
    ThreeConvolutionBlock as ThreeConvolutionBlock,
)
from .residual_block import ResidualBlock as ResidualBlock
