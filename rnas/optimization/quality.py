"""How well predictions came true: each was written before its result (prequential)."""

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import kendalltau

from rnas.ledger import Record

WINDOW = 20
_FEWEST = 4


@dataclass(frozen=True)
class Quality:
    """Agreement of predicted and true order.

    Attributes:
        batch: after which it was taken.
        metric: that was predicted.
        tau: Kendall's, in [-1, 1], over the last predicted evaluations up to and with the batch.
        evaluations: how many those are, at most 20.
    """

    batch: int
    metric: str
    tau: float
    evaluations: int


def surrogate_quality(records: Sequence[Record]) -> list[Quality]:
    """One entry a batch and predicted metric, once four predictions have their results."""
    predicted = [record for record in records if record.complete and record.predictions]
    found = []
    for batch in sorted({record.batch for record in predicted}):
        upto = [record for record in predicted if record.batch <= batch]
        for metric in upto[-1].predictions:
            pairs = [
                (record.predictions[metric].mean, record.metrics[metric])
                for record in upto
                if metric in record.predictions and metric in record.metrics
            ][-WINDOW:]
            # With all values equal on one side there is no order to agree on.
            if len(pairs) < _FEWEST or any(len(set(side)) == 1 for side in zip(*pairs, strict=True)):
                continue
            means, values = zip(*pairs, strict=True)
            found.append(Quality(batch, metric, float(kendalltau(means, values).statistic), len(pairs)))
    return found
