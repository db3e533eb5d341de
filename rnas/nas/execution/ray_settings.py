"""Describe where a cluster of Ray is, and what an evaluation needs of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Annotated, Any, Literal

from pydantic import Field

from rnas.utils.model import Model


class RaySettings(Model):
    """Hold the address of a cluster and the resources of one evaluation."""

    address: str = "auto"
    """``auto`` is the cluster that this host belongs to, ``local`` starts one here for the time of the run, and
    HOST:PORT names another.
    """
    gpus_per_evaluation: Annotated[float, Field(ge=0, le=1e4)] | None = None
    """GPUs of one evaluation, such as 0.25; None takes one where the cluster has GPUs."""
    cpus_per_evaluation: float = Field(1.0, ge=1e-4, le=1e4)
    """CPU cores of one evaluation; it computes with one thread."""
    memory_per_evaluation: Annotated[float, Field(ge=1e-3, le=1e6)] | None = None
    """Memory of one evaluation in GiB, which Ray sets aside; None sets nothing aside."""


_chosen: ContextVar[RaySettings | Literal["local"] | None] = ContextVar("_chosen", default=None)


def cluster(own: RaySettings | None = None) -> RaySettings | None:
    """Return the cluster on which evaluations run now; None if they run on this host.

    Args:
        own: what the experiment's settings say.
    """
    here = _chosen.get()
    if here is None or here == "local":
        return own if here is None else None
    given = {name: getattr(here, name) for name in here.model_fields_set}
    return here if own is None else own.model_copy(update=given)


@contextmanager
def on_ray(**settings: Any) -> Iterator[None]:
    """Run the evaluations of every experiment in the block on a cluster of Ray, each as a task of its own.

    Args:
        **settings: fields of :class:`RaySettings`, such as ``address="local"``; the others are those of a search's own
            settings.

    Raises:
        InputError: a field is unknown or wrong.
    """
    with _within(RaySettings(**settings)):
        yield


@contextmanager
def on_this_host() -> Iterator[None]:
    """Run the evaluations of every experiment in the block on this host, whatever its settings say."""
    with _within("local"):
        yield


@contextmanager
def _within(where: RaySettings | Literal["local"]) -> Iterator[None]:
    token = _chosen.set(where)
    try:
        yield
    finally:
        _chosen.reset(token)
