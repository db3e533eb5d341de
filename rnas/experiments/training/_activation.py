"""Give networks the activation that the recipe's paper trains with."""

from dataclasses import replace

from rnas.networks.architecture import Architecture
from rnas.networks.residual import ResidualNetwork
from rnas.training.recipe import Recipe


def with_activation(architecture: Architecture, recipe: Recipe) -> Architecture:
    """Return the network with the recipe's activation in every block and in the head.

    A network of another family than the residual ones has no field for it and stays as it is, as all do where the
    recipe has none.
    """
    activation = recipe.activation
    if activation is None or not isinstance(architecture, ResidualNetwork):
        return architecture
    blocks = tuple(replace(block, activation=activation) for block in architecture.blocks)
    return replace(architecture, blocks=blocks, head_activation=None)


def activation_note(before: Architecture, recipe: Recipe) -> str:
    """Return one line on how :func:`with_activation` changes a network; empty if it does not."""
    activation = recipe.activation
    if activation is None:
        return ""
    if not isinstance(before, ResidualNetwork):
        return f"recipe {recipe.name} has activation {activation}; a network of kind {before.kind} keeps its own"
    had = dict.fromkeys(block.activation for block in before.blocks)
    if before.head_activation is not None:
        had[before.head_activation] = None
    if list(had) == [activation]:
        return ""
    return (
        f"recipe {recipe.name} has activation {activation}, which takes the place of {' and '.join(had)}; "
        "set recipe.activation to null to keep the network's own"
    )
