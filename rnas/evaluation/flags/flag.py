"""Define the result of a check."""

from pydantic import BaseModel, ConfigDict


class Flag(BaseModel):
    """Describe a sign that a robust accuracy is higher than the network's robustness.

    Attributes:
        name: name of the flag.
        explanation: what was observed, and why it matters.
        value: measured value.
        threshold: limit above which the value is suspicious.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    explanation: str
    value: float
    threshold: float
