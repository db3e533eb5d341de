"""Describe a cluster for a simulation."""

from pydantic import Field

from rnas.utils.model import Model


class ClusterModel(Model):
    """Describe a cluster, and how long evaluations take on it."""

    workers: int = Field(100, ge=1, le=100_000)
    """Evaluations at once."""
    seconds: float = Field(3600.0, gt=0, le=1e9)
    """Seconds of an evaluation of usual length."""
    spread: float = Field(0.3, ge=0, le=5)
    """Standard deviation of the logarithm of an evaluation's time among networks of equal FLOPs."""
    stragglers: float = Field(0.02, ge=0, le=1)
    """Share of evaluations on a worker that is slow."""
    slowness: float = Field(5.0, ge=1, le=1e6)
    """Number of times that an evaluation takes longer on a slow worker."""
    failures: float = Field(0.05, ge=0, le=0.9)
    """Share of attempts that are lost with their worker or node at some moment, and started again."""
    seed: int = Field(0, ge=0)
    """Seed of times and failures."""
