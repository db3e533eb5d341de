"""Provide RACL (Dong, Li, Wang, Xu, 2020): a cell from a search with a bound on the Lipschitz constant."""

from functools import partial

from baselines.sources import ADVRUSH_CODE, comparison
from rnas.networks.darts_cells import repeated_cells
from rnas.networks.genotypes import GENOTYPES
from rnas.networks.weight_names import WeightNames
from rnas.networks.zoo import Baseline, Knob

_SOURCE = "Dong, Li, Wang, Xu: Adversarially Robust Neural Architectures, arXiv 2009.00902, 2020"
_FAMILY = "racl"
_NAMES = (WeightNames(ADVRUSH_CODE, training_only=("auxiliary_head.",)),)
_NOTE = "no code of the authors was found; later comparisons print this cell"

BASELINES = (
    Baseline(
        name="racl-7@104",
        family=_FAMILY,
        network=repeated_cells(GENOTYPES["racl"], 7, 104),
        source=_SOURCE,
        scaling=Knob("C of N@C", "N = 7", partial(repeated_cells, GENOTYPES["racl"], 7), 104),
        weight_names=_NAMES,
        published=comparison(
            "32.5",
            "4.93",
            "83.91±0.32 55.98±0.15 53.22±0.08 51.37±0.11",
            "56.09±0.08 30.38±0.03 26.65±0.02 25.65±0.10",
        ),
        note=_NOTE,
    ),
    Baseline(
        name="racl",
        family=_FAMILY,
        network=repeated_cells(GENOTYPES["racl"], 6, 36),
        source=_SOURCE,
        scaling=Knob("C of N@C", "N = 6", partial(repeated_cells, GENOTYPES["racl"], 6), 36),
        weight_names=_NAMES,
        note=f"20 cells, 36 channels; {_NOTE}",
    ),
)
