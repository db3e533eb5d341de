"""The replications that are installed."""

from rnas import registry
from rnas.experiments.replications.design import Replication


def find(name: str) -> Replication:
    """Return the replication of this name; InputError with the known names if no replication has it."""
    found: Replication = registry.load(registry.REPLICATIONS, name)
    return found


def replications() -> tuple[Replication, ...]:
    """Return every installed replication, by name."""
    return tuple(find(name) for name in registry.names(registry.REPLICATIONS))
