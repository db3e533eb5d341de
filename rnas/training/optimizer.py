"""Set the optimiser that takes the place of stochastic gradient descent."""

from typing import Literal

from pydantic import Field, PositiveFloat

from rnas.utils.model import Model


class AdamW(Model):
    """Divide steps by the root of the mean squared gradient, with weight decay apart from the gradient.

    After Loshchilov and Hutter, Decoupled Weight Decay Regularization, ICLR 2019. The decay of the mean gradient is the
    recipe's momentum.
    """

    name: Literal["adamw"] = "adamw"
    """Name of the optimiser."""
    beta: float = Field(0.999, ge=0, lt=1)
    """Decay of the mean squared gradient (the second beta)."""
    epsilon: PositiveFloat = 1e-8
    """Number that is added to the root."""
