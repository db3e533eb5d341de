"""Evaluate a network that is named: a published one, a run's member, a checkpoint or an export."""

from pathlib import Path

from rnas.data.corruptions.published import published_labels
from rnas.evaluation.evaluation_result import EvaluationResult
from rnas.evaluation.request import Request
from rnas.evaluation.subject import subject_of
from rnas.evaluation.weights_evaluation import evaluate_subject
from rnas.experiment import Listener
from rnas.experiments.references import resolve


def evaluate_weights(request: Request, listener: Listener | None = None) -> EvaluationResult:
    """Evaluate the network that a request names; see :func:`rnas.evaluation.weights_evaluation.evaluate_subject`.

    Args:
        request: what to evaluate.
        listener: learns of progress, as there.

    Raises:
        InputError: there are no weights; they, the network and the data do not fit each other; something asked for
            does not exist; or the output folder holds the state of another evaluation under this name.
    """
    if request.corruptions not in (None, "computed"):
        # A wrong folder is reported before the attacks, not after them.
        published_labels(Path(str(request.corruptions)))
    subject = subject_of(resolve(request.network), request)
    return evaluate_subject(request, subject, listener or Listener(), [resolve(name) for name in request.transfer])
