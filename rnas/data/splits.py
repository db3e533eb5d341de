"""The sizes of the four splits of a data set."""

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt


class SplitSizes(BaseModel):
    """How many images each split holds."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    train: PositiveInt | None = None
    """Images of the gradient steps; None is all that the other splits leave."""
    val: NonNegativeInt = 0
    """Images on which a training chooses its checkpoint."""
    search_val: PositiveInt
    """Images whose accuracy a search optimises."""
    test: PositiveInt
    """Images on which nothing is chosen."""
