"""The sizes of the four splits of a data set."""

from pydantic import NonNegativeInt, PositiveInt

from rnas.utils.model import Model


class SplitSizes(Model):
    """Set how many images each split has."""

    train: PositiveInt | None = None
    """Images for the gradient steps; None takes all images that the other splits leave."""
    val: NonNegativeInt = 0
    """Images that select the checkpoint of a training."""
    search_val: PositiveInt
    """Images whose accuracy a search optimises."""
    test: PositiveInt
    """Images on which nothing is selected."""
