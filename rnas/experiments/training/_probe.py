"""Try a training step or an evaluation in its own process, which ends with exit code 0 if the batch fits.

The request is JSON on stdin: ``settings`` of the training, ``kind`` of work and ``batch``, images at a time.
"""

import json
import sys

from rnas.experiments.training._memory import ATTEMPTS
from rnas.experiments.training.settings import TrainingRunSettings
from rnas.experiments.training.setup import Setup
from rnas.utils._threads import one_thread


def main() -> None:
    """Do what is asked for; whatever goes wrong ends the process otherwise."""
    request = json.load(sys.stdin)
    settings = TrainingRunSettings.model_validate(request["settings"])
    with one_thread(settings.device):
        ATTEMPTS[request["kind"]](Setup.of(settings), request["batch"])


if __name__ == "__main__":
    main()
