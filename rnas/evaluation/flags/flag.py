"""What a check found."""

from pydantic import BaseModel, ConfigDict


class Flag(BaseModel):
    """A sign that a robust accuracy is higher than the network's robustness.

    Attributes:
        name: of the check.
        explanation: what was seen, and why it matters.
        value: what was measured.
        threshold: above which the value is suspicious.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    explanation: str
    value: float
    threshold: float
