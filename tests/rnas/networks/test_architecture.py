"""Canonical JSON and keys of architectures."""

import json
import subprocess
import sys

import pytest

from rnas.errors import InputError
from rnas.networks import architecture as arch
from rnas.networks.block import Block
from rnas.networks.residual import ResidualNetwork, widened

NETWORK = ResidualNetwork((1, 2), (4, 8), (Block(activation="silu", kernel_size=5),))


def test_fields_at_their_default_are_left_out() -> None:
    assert arch.to_dict(widened((4, 4, 4), (10, 10, 10))) == {
        "kind": "residual",
        "depths": [4, 4, 4],
        "channels": [160, 320, 640],
    }
    assert arch.to_dict(NETWORK)["blocks"] == [{"activation": "silu", "kernel_size": 5}]


def test_json_is_canonical() -> None:
    text = arch.to_json(NETWORK)
    assert text == (
        '{"blocks":[{"activation":"silu","kernel_size":5}],"channels":[4,8],"depths":[1,2],"kind":"residual"}'
    )
    spaced = json.dumps(dict(reversed(json.loads(text).items())), indent=2)
    assert arch.from_json(spaced) == NETWORK


def test_keys_never_change() -> None:
    """They name records of old runs."""
    assert arch.key(widened((4, 4, 4), (10, 10, 10))) == "b62a23a8f7f8"
    assert arch.key(NETWORK) == "98a55c094d88"


def test_keys_are_the_same_in_every_process() -> None:
    code = "import sys; from rnas.networks.architecture import *; print(key(from_json(sys.argv[1])))"
    result = subprocess.run(
        [sys.executable, "-c", code, arch.to_json(NETWORK)], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == arch.key(NETWORK)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "architecture.s JSON: not valid JSON"),
        ("[1, 2]", 'a JSON object with a "kind"'),
        ('"residual"', 'a JSON object with a "kind"'),
        ("{}", 'a JSON object with a "kind"'),
        ('{"kind": 3}', 'a JSON object with a "kind"'),
        ('{"kind": "pyramid"}', "unknown architecture 'pyramid'; known: .*residual"),
        ('{"kind": "residual", "depths": [1, 1]}', "architecture of kind 'residual': channels: Field required"),
        ('{"kind": "residual", "depths": [1, "two"], "channels": [4, 8]}', r"depths\.1: .*integer"),
        ('{"kind": "residual", "depths": [1, 1], "channels": [4, 8], "colour": "red"}', "colour: Unexpected"),
        ('{"kind": "residual", "depths": [true, 1], "channels": [4, 8]}', r"depths\.0: True is not a number"),
        ('{"kind": "residual", "depths": ["1", 1], "channels": [4, 8]}', r"depths\.0: '1' is not a number"),
        ('{"kind": "residual", "depths": [1.5, 1], "channels": [4, 8]}', r"depths\.0: .*integer"),
        ('{"kind": "residual", "depths": [1, 1], "channels": [4, 8], "stem_width": false}', "stem_width"),
        (
            '{"kind": "residual", "depths": [1, 1], "channels": [4, 8], "blocks": [{"scales": 4}]}',
            r"blocks\.0\.scales: 4 has no effect here; leave it out",
        ),
        (
            '{"kind": "residual", "depths": [1, 1], "channels": [4, 8], "blocks": [{"order": "post"}], '
            '"head_activation": "silu"}',
            "head_activation: 'silu' has no effect here; leave it out",
        ),
        ('{"kind": "residual", "kind": "residual"}', "the key 'kind' twice"),
        ('{"kind": "residual", "depths": [1, 0], "channels": [4, 8]}', "'residual': the object: .*depth is 0"),
    ],
)
def test_other_text_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        arch.from_json(text)
    assert "\n" not in str(caught.value)


def test_the_head_may_be_given_the_activation_that_it_has() -> None:
    text = '{"kind": "residual", "depths": [1, 1], "channels": [4, 8], "head_activation": "relu"}'
    assert arch.from_json(text) == ResidualNetwork((1, 1), (4, 8))


def test_networks_are_architectures() -> None:
    assert isinstance(NETWORK, arch.Architecture)
    assert not isinstance(Block(), arch.Architecture)
