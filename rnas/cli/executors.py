"""Options that say where evaluations run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from rnas.errors import InputError

Executor = Annotated[
    str | None,
    typer.Option(
        metavar="local|ray", help="Where evaluations run, this time: on this host, or as tasks of a cluster of Ray."
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="auto|local|HOST:PORT",
        help="Cluster of Ray: that of this host, one that is started here for the run, or another.",
    ),
]


@contextmanager
def executing(executor: str | None, address: str | None) -> Iterator[None]:
    """Run what is in the block where the options say; without options where its settings say.

    Raises:
        InputError: the options contradict each other, or there is no such executor.
    """
    from rnas.nas.execution.ray_settings import on_ray, on_this_host

    if _is_ray(executor, address):
        with on_ray(**({} if address is None else {"address": address})):
            yield
    elif executor == "local":
        with on_this_host():
            yield
    else:
        yield


def merge(content: dict[str, Any], executor: str | None, address: str | None) -> None:
    """Write what the options say into the configuration of a search, so that it is resumed there."""
    if _is_ray(executor, address):
        own = content.get("ray")
        content["ray"] = {**(own if isinstance(own, dict) else {}), **({} if address is None else {"address": address})}
    elif executor == "local":
        content.pop("ray", None)


def _is_ray(executor: str | None, address: str | None) -> bool:
    if executor not in (None, "local", "ray"):
        raise InputError(f"executor: {executor!r} is unknown; give local or ray")
    if executor == "local" and address is not None:
        raise InputError("address: it is that of a cluster of Ray; give executor ray, or leave address out")
    return executor == "ray" or address is not None
