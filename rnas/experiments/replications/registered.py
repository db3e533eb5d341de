"""The studies that are installed."""

from rnas import registry
from rnas.experiments.replications.design import Study


def find(name: str) -> Study:
    """The study of this name; InputError with the known names where there is none."""
    found: Study = registry.load(registry.STUDIES, name)
    return found


def studies() -> tuple[Study, ...]:
    """Every installed study, by name."""
    return tuple(find(name) for name in registry.names(registry.STUDIES))
