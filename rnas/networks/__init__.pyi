from . import layer_cost as layer_cost
from .activations import (
    ACTIVATIONS as ACTIVATIONS,
    Activation as Activation,
)
from .architecture import (
    Architecture as Architecture,
    from_dict as from_dict,
    from_json as from_json,
    key as key,
    to_dict as to_dict,
    to_json as to_json,
)
from .block import (
    Block as Block,
    BlockColumns as BlockColumns,
    BlockType as BlockType,
    Place as Place,
    block_type as block_type,
)
from .blocks.robust_res_block import ROBUST_RES_BLOCK as ROBUST_RES_BLOCK
from .cct import CompactTransformer as CompactTransformer
from .ceit import CeiT as CeiT
from .conv_attention import ConvAttention as ConvAttention
from .cost import (
    Cost as Cost,
    Costs as Costs,
)
from .cvt import CvT as CvT
from .darts_cells import DartsCellNetwork as DartsCellNetwork
from .densenet import DenseNet as DenseNet
from .genotypes import (
    GENOTYPES as GENOTYPES,
    CellGenotype as CellGenotype,
    Genotype as Genotype,
)
from .levit import LeViT as LeViT
from .mixer import MLPMixer as MLPMixer
from .mobilevit import MobileViT as MobileViT
from .nas_bench_201 import NASBench201Cell as NASBench201Cell
from .normalization import NORMALIZATIONS as NORMALIZATIONS
from .poolformer import PoolFormer as PoolFormer
from .preactivation import PreActivationResNet as PreActivationResNet
from .pvt import PyramidVisionTransformer as PyramidVisionTransformer
from .reconfiguration import (
    Staged as Staged,
    reconfigured as reconfigured,
)
from .residual import (
    BASE_CHANNELS as BASE_CHANNELS,
    ResidualNetwork as ResidualNetwork,
    widened as widened,
)
from .resnet import ResNet as ResNet
from .robnet import RobNetwork as RobNetwork
from .robust_scaling import (
    RobustScaling as RobustScaling,
    Rule as Rule,
    Setting as Setting,
)
from .squeeze_excitation import PLACEMENTS as PLACEMENTS
from .swin import Swin as Swin
from .vgg import VGG as VGG
from .vit import VisionTransformer as VisionTransformer
from .vitae import ViTAE as ViTAE
from .weight_names import (
    Rename as Rename,
    WeightNames as WeightNames,
)
from .weights import (
    load_weights as load_weights,
    read_weights as read_weights,
)
from .zoo import (
    Baseline as Baseline,
    Knob as Knob,
    Published as Published,
    PublishedAccuracy as PublishedAccuracy,
    Scaled as Scaled,
    Scaling as Scaling,
    find as find,
)
from .modules.residual_block import BlockStyle as BlockStyle
from .modules.measured_cost import measured_cost as measured_cost
