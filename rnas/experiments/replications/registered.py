"""The replications that are installed."""

from rnas import registry
from rnas.experiments.replications.design import Replication


def find(name: str) -> Replication:
    """The replication of this name; InputError with the known names where there is none."""
    found: Replication = registry.load(registry.REPLICATIONS, name)
    return found


def replications() -> tuple[Replication, ...]:
    """Every installed replication, by name."""
    return tuple(find(name) for name in registry.names(registry.REPLICATIONS))
