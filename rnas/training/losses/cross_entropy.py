"""Cross-entropy on the crafted images: SAT (Madry et al., ICLR 2018), and standard training where none are crafted."""

from typing import ClassVar, Literal

import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict

from rnas.training.losses.batch import Batch, Value


class CrossEntropy(BaseModel):
    """Mean cross-entropy of the network's prediction on the adversarial images."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["cross-entropy"] = "cross-entropy"
    soft_targets: ClassVar[bool] = True
    needs_clean: ClassVar[bool] = False

    def __call__(self, batch: Batch) -> Value:
        """The loss of a batch."""
        logits = batch.forward(batch.adversarial)
        return Value(F.cross_entropy(logits, batch.targets, label_smoothing=batch.label_smoothing), logits)
