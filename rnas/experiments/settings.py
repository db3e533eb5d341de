"""Settings of an experiment that can be stopped and gone on with, as its directory holds them."""

from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from rnas.nas.config import explained, read_yaml


class ExperimentSettings(BaseModel):
    """Everything that decides an experiment, with nothing left open; kept for its life, but for how large it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def to_yaml(self) -> str:
        """As text; None is written too, as it may take the place of what a recipe has."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, width=100)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Settings from a file; InputError where it holds none."""
        try:
            return cls.model_validate(read_yaml(path))
        except ValidationError as error:
            raise explained(error, str(path)) from None
