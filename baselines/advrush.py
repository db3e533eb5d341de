"""Provide AdvRush (Mok, Na, Choe, Yoon, ICCV 2021): a cell from a differentiable search for a smooth loss."""

from functools import partial

from baselines.sources import ADVRUSH_CODE, comparison
from rnas.networks.darts_cells import repeated_cells
from rnas.networks.genotypes import GENOTYPES
from rnas.networks.weight_names import WeightNames
from rnas.networks.zoo import Baseline, Knob

_SOURCE = "Mok, Na, Choe, Yoon: AdvRush: Searching for Adversarially Robust Neural Architectures, ICCV 2021"
_FAMILY = "advrush"
_NAMES = (WeightNames(ADVRUSH_CODE, training_only=("auxiliary_head.",)),)

BASELINES = (
    Baseline(
        name="advrush-7@96",
        family=_FAMILY,
        network=repeated_cells(GENOTYPES["advrush"], 7, 96),
        source=_SOURCE,
        scaling=Knob("C of N@C", "N = 7", partial(repeated_cells, GENOTYPES["advrush"], 7), 96),
        weight_names=_NAMES,
        published=comparison(
            "32.6",
            "4.97",
            "84.95±0.12 56.99±0.08 53.27±0.03 52.90±0.11",
            "56.40±0.09 30.40±0.21 26.16±0.03 25.27±0.02",
        ),
    ),
    Baseline(
        name="advrush",
        family=_FAMILY,
        network=repeated_cells(GENOTYPES["advrush"], 6, 36),
        source=_SOURCE,
        scaling=Knob("C of N@C", "N = 6", partial(repeated_cells, GENOTYPES["advrush"], 6), 36),
        weight_names=_NAMES,
        note="the size that the released code trains: 20 cells, 36 channels",
    ),
)
