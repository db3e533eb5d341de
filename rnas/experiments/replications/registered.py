"""Find the replications that are installed."""

from rnas import registry
from rnas.experiments.replications.design import Replication


def find(name: str) -> Replication:
    """Return the replication of this name.

    Raises:
        InputError: no replication has this name; the message has the known names.
    """
    found: Replication = registry.load(registry.REPLICATIONS, name)
    return found


def replications() -> tuple[Replication, ...]:
    """Return every installed replication, by name."""
    return tuple(find(name) for name in registry.names(registry.REPLICATIONS))
