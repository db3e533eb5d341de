"""Write the format ``hugging-face``: a folder to upload, with configuration, weights, code and model card."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rnas.exports._search_result import CAVEAT, accuracies, attack_words, setting_words, threat_words
from rnas.exports.format import reader_script
from rnas.exports.network import Network
from rnas.exports.standalone import python_file
from rnas.networks._exported import CHECKSUM, FOLDER_CONFIG, FOLDER_WEIGHTS, PROVENANCE, write_described
from rnas.utils.files import file_hash, write_tensors

_EXAMPLE = "example.safetensors"
_CODE = "modeling.py"
_HEAD = ("", "| attack | threat | accuracy | 95 % interval |", "|---|---|---|---|")


class HuggingFace:
    """Format with ``config.json``, ``model.safetensors``, ``README.md``, and ``modeling.py`` with the code to load
    them."""

    name = "hugging-face"
    summary = "folder with config.json, model.safetensors, model card and the code that loads it"
    suffix = ""
    needs_rnas = False
    extra = ""
    reader = reader_script("python_file")

    def write(self, network: Network, path: Path) -> None:
        """Write the folder; see :meth:`rnas.exports.format.Format.write`."""
        write_described(path / FOLDER_WEIGHTS, network.module.state_dict(), network.provenance)
        write_tensors(path / _EXAMPLE, {"images": network.images, "logits": network.logits})
        constants = {
            "WEIGHTS": FOLDER_WEIGHTS,
            "SHA256": file_hash(path / FOLDER_WEIGHTS),
            "EXAMPLE": _EXAMPLE,
            "EXAMPLE_SHA256": file_hash(path / _EXAMPLE),
        }
        (path / _CODE).write_text(python_file(network, _CODE, constants), encoding="utf-8")
        config = {
            "model_type": "rnas",
            "architectures": [type(network.module).__name__],
            "num_labels": network.num_classes,
            **_labels(network.classes),
            "num_channels": network.input_shape[0],
            "image_size": list(network.input_shape[1:]),
            CHECKSUM: constants["SHA256"],
            PROVENANCE: dict(network.provenance),
        }
        (path / FOLDER_CONFIG).write_text(json.dumps(config, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        (path / "README.md").write_text("\n".join(_card(network)) + "\n", encoding="utf-8")


def _labels(classes: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Return the names of the classes by label and the labels by name, as Hugging Face calls them."""
    if not classes:
        return {}
    id2label = {str(label): name for label, name in enumerate(classes)}
    return {"id2label": id2label, "label2id": {name: label for label, name in enumerate(classes)}}


def _card(network: Network) -> Iterator[str]:
    """Return the model card, which contains only known facts."""
    provenance = network.provenance
    channels, height, width = network.input_shape
    yield from ("---", "pipeline_tag: image-classification", "library_name: pytorch", "tags:")
    yield from ("- adversarial-robustness", "- neural-architecture-search", "---", "", f"# {network.name}", "")
    if network.untrained:
        yield from (f"**Untrained.** The weights are drawn from seed {provenance['weights']['seed']}.", "")
    yield from (
        f"Images (N, {channels}, {height}, {width}) in [0, 1] to {network.num_classes} logits. Any "
        "normalisation of images is a layer inside the network.",
        *([f"The logits are in this order: {', '.join(network.classes)}."] if network.classes else []),
        "",
        f"- architecture: kind `{network.architecture.kind}`, key `{network.key}`, described in `{FOLDER_CONFIG}`",
        f"- parameters: {provenance['params']:,}",
        f"- multiply-accumulates of convolutions and linear layers for one image: {provenance['flops']:,}",
    )
    if provenance["source"]:
        yield f"- published in: {provenance['source']}"
    yield from _training(network)
    yield from _accuracies(network)
    yield from ("", "## Use", "", "```python", "from modeling import load", "")
    yield from ("network = load()  # an nn.Module in eval mode, its weights checked by their sha256", "```", "")
    yield "The code needs torch and safetensors. `python modeling.py` checks that the files are not damaged."


def _training(network: Network) -> Iterator[str]:
    weights = network.provenance["weights"]
    if network.untrained:
        return
    yield f"- weights: `{weights['file']}`, sha256 `{weights['sha256']}`"
    yield from (f"- {note}" for note in weights["notes"])
    data = weights["data"]
    if data is not None:
        yield f"- trained on: {data['name']}, sha256 `{data['sha256']}`, divided by seed {data['split_seed']}"
    settings = (weights["training"] or {}).get("settings")
    if settings:
        yield from ("", "## Training", "", "```json", *json.dumps(settings, indent=2).splitlines(), "```")


def _accuracies(network: Network) -> Iterator[str]:
    result = network.evaluation
    if result is None:
        yield from _searched(network)
        return
    yield from (
        "",
        "## Accuracy",
        "",
        f"On {result.data.images} images of {result.data.name}, {result.data.split} split:",
    )
    yield from _HEAD
    yield f"| none | | {result.clean.accuracy:.4f} | {result.clean.low:.4f} to {result.clean.high:.4f} |"
    for attack in result.attacks:
        yield f"| {attack.name} | {attack.threat} | {attack.accuracy:.4f} | {attack.low:.4f} to {attack.high:.4f} |"
    if result.note:
        yield from ("", result.note)


def _searched(network: Network) -> Iterator[str]:
    """Return the section with the accuracies of the network's search, which is used without a better evaluation."""
    result = network.search_result
    if result is None:
        return
    clean, robust = accuracies(result)
    yield from ("", "## Accuracy in its search", "", f"Measured {setting_words(result)}. {CAVEAT}")
    yield from _HEAD
    yield f"| none | | {clean.value:.4f} | {clean.low:.4f} to {clean.high:.4f} |"
    yield (
        f"| {attack_words(result)} | {threat_words(result)} | {robust.value:.4f} | "
        f"{robust.low:.4f} to {robust.high:.4f} |"
    )


FORMAT = HuggingFace()
