"""Provide the losses that training minimises, one file each."""

from typing import Annotated

from pydantic import Field

from rnas.training.losses.cross_entropy import CrossEntropy
from rnas.training.losses.mart import MART
from rnas.training.losses.trades import TRADES

Loss = Annotated[CrossEntropy | TRADES | MART, Field(discriminator="name")]
"""Loss of a training."""
