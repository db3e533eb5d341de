"""Make the table of the space ``digits-bench``: every network, trained adversarially with two seeds.

    python benchmarks/search/digits_bench.py --results digits_bench.jsonl --workers 2
    python benchmarks/search/digits_bench.py --results digits_bench.jsonl --write search_spaces/digits_bench.csv.gz

The first command may be stopped and started again; it then continues. The networks are trained in a random order, so
that an incomplete table is a random sample. The second command writes the table from the existing results. It also
prints Kendall's tau between the two seeds within bands of FLOPs, which is the most that any predictor can reach.
"""

import numpy as np
from trained_table import Work, make, measured, parser, report, write

from rnas.nas.evaluators.adversarial_training import AdversarialTraining, AdversarialTrainingSettings
from search_spaces.digits_bench import INPUT_SHAPE, NUM_CLASSES, TRAINING, DigitsBenchSettings, DigitsBenchSpace

BANDS = (2, 3, 4)


def main() -> None:
    arguments = parser(__doc__).parse_args()
    space = DigitsBenchSpace(DigitsBenchSettings(), INPUT_SHAPE, NUM_CLASSES)
    genomes = space.enumeration
    assert genomes is not None
    order = [tuple(genome) for genome in np.random.default_rng(0).permutation(genomes).tolist()]
    work = Work(AdversarialTraining(AdversarialTrainingSettings(train=TRAINING), space), order)
    if arguments.write is None and not arguments.report:
        make(work, arguments.results, arguments.workers, arguments.seconds)
        return
    found = measured(work, arguments.results)
    if arguments.write is not None:
        write(found, arguments.write)
    report(found, [np.quantile(found.flops, np.linspace(0, 1, bands + 1)[1:-1]) for bands in BANDS])


if __name__ == "__main__":
    main()
