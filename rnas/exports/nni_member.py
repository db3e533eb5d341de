"""Write the format ``nni``: a member of a search space as a sample of NNI's model space, with its weights."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from rnas import registry
from rnas.errors import InputError
from rnas.exports.format import reader_script
from rnas.exports.network import Network
from rnas.nas.space import SearchSpace
from rnas.networks._exported import FOLDER_WEIGHTS, NNI_SAMPLE, read_export, write_described
from rnas.networks.architecture import Shape
from rnas.networks.weights import load_weights
from rnas.utils._extras import require_extra
from rnas.utils._json_files import read_json


class NNIMember:
    """Folder with ``sample.json``, as NNI's ``export_top_models`` returns it, and ``model.safetensors``.

    It is only for members of registered search spaces, since other networks have no choices that NNI could fix. The
    sample belongs to the whole space, without the bands of a run.
    """

    name = "nni"
    summary = "sample of an NNI model space with weights, for members of search spaces; load_member freezes it"
    suffix = ""
    needs_rnas = True
    extra = "nni"
    reader = reader_script("nni_model")

    def write(self, network: Network, path: Path) -> None:
        """Write the folder; see :meth:`rnas.exports.format.Format.write`."""
        require_extra(self.extra, "nni", "pytorch_lightning")
        from rnas.nas.nni.samples import sample_of

        space = _space_of(network)
        sample = sample_of(space, np.asarray(space.encode(network.architecture)))
        content = {
            "space": space.name,
            "settings": space.settings.model_dump(mode="json"),
            "input_shape": list(network.input_shape),
            "num_classes": network.num_classes,
            "classes": list(network.classes),
            "sample": sample,
        }
        (path / NNI_SAMPLE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        write_described(path / FOLDER_WEIGHTS, network.module.state_dict(), network.provenance)


def load_member(path: Path | str) -> nn.Module:
    """Return the network of an exported sample in NNI's model space, with its weights, in eval mode.

    Raises:
        InputError: the folder is damaged, or NNI is not installed.
    """
    from rnas.nas.nni.space import model_space

    folder = Path(path)
    try:
        content = read_json(folder / NNI_SAMPLE)
        name, settings, sample = content["space"], content["settings"], content["sample"]
        channels, height, width = content["input_shape"]
        classes = content["num_classes"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / NNI_SAMPLE}: cannot be read as a sample ({error}); export it again") from None
    if read_export(folder / FOLDER_WEIGHTS) is None:
        raise InputError(f"{folder / FOLDER_WEIGHTS}: these are not the weights of an export; export it again")
    space = _bound(name, settings, (channels, height, width), classes)
    with torch.random.fork_rng(devices=[]):
        network: Any = model_space(space).freeze(sample)
    assert isinstance(network, nn.Module)
    load_weights(network, folder / FOLDER_WEIGHTS)
    return network.eval()


def _space_of(network: Network) -> SearchSpace:
    """Return the network's own space, else the first registered one that holds it; raise InputError if none does."""
    shape, classes = network.input_shape, network.num_classes
    if network.space is not None:
        settings = network.space.settings.model_dump(mode="json", exclude={"flops", "params"})
        return _bound(network.space.name, settings, shape, classes)
    names = registry.names(registry.SEARCH_SPACES)
    for name in names:
        try:
            space = _bound(name, {}, shape, classes)
            if space.decode(space.encode(network.architecture)) == network.architecture:
                return space
        except InputError:
            continue
    raise InputError(
        f"format nni is for members of search spaces, and none of {', '.join(names)} holds this network; "
        "format standalone gives a module that NNI takes as any other"
    )


def _bound(name: str, settings: Mapping[str, Any], input_shape: Shape, num_classes: int) -> SearchSpace:
    cls = registry.load(registry.SEARCH_SPACES, name)
    space: SearchSpace = cls(cls.Settings.model_validate(settings), input_shape, num_classes)
    return space


FORMAT = NNIMember()
