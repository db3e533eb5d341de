"""Compute costs of the layers that networks of attention share."""

from rnas.networks.cost import Costs
from rnas.networks.counting import attention, layer_norm, linear


def self_attention(tokens: int, inputs: int, inner: int, outputs: int, *, qkv_bias: bool = False) -> Costs:
    """Return the cost of attention among some tokens, whose heads have ``inner`` channels together."""
    qkv = linear(inputs, 3 * inner, tokens, bias=qkv_bias)
    return qkv + attention(tokens, tokens, inner) + linear(inner, outputs, tokens)


def feed_forward(tokens: int, inputs: int, hidden: int, outputs: int) -> Costs:
    """Return the cost of two linear layers."""
    return linear(inputs, hidden, tokens) + linear(hidden, outputs, tokens)


def encoder_layer(tokens: int, width: int, inner: int, hidden: int) -> Costs:
    """Return the cost of a layer of attention and a feed-forward part, each with a normalisation before it."""
    mixed = self_attention(tokens, width, inner, width) + feed_forward(tokens, width, hidden, width)
    return mixed + layer_norm(width) * 2
