"""Provide schedules of the learning rate, one file each."""

from typing import Annotated

from pydantic import Field

from rnas.training.schedules.cosine import Cosine
from rnas.training.schedules.multistep import Multistep
from rnas.training.schedules.one_cycle import OneCycle

Schedule = Annotated[Cosine | Multistep | OneCycle, Field(discriminator="name")]
"""Schedule of the learning rate."""
