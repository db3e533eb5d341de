"""Write the format ``onnx``."""

import json
import logging
import warnings
from pathlib import Path

import torch

from rnas.exports.format import reader_script
from rnas.exports.network import Network
from rnas.networks._exported import PROVENANCE
from rnas.utils._extras import require_extra

OPSET = 18


class OnnxFile:
    """Graph of opset 18 from ``images`` to ``logits`` for any batch size, which onnx.checker accepts."""

    name = "onnx"
    summary = f"ONNX graph of opset {OPSET} for any batch size, from images to logits"
    suffix = ".onnx"
    needs_rnas = False
    extra = "onnx"
    reader = reader_script("onnx_runtime")

    def write(self, network: Network, path: Path) -> None:
        """Write the file; see :meth:`rnas.exports.format.Format.write`."""
        require_extra(self.extra, "onnx", "onnxscript", "onnxruntime")
        import onnx

        with warnings.catch_warnings(), torch.no_grad():
            # torch and onnxscript warn of deprecated functions of their own.
            warnings.simplefilter("ignore")
            logging.getLogger("torch.onnx").setLevel(logging.ERROR)
            program = torch.onnx.export(
                network.program,
                input_names=["images"],
                output_names=["logits"],
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
        assert program is not None
        program.save(path, external_data=False)
        model = onnx.load(path)
        onnx.helper.set_model_props(
            model,
            {
                PROVENANCE: json.dumps(network.provenance, sort_keys=True, allow_nan=False),
                "classes": json.dumps(network.classes),
            },
        )
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)


FORMAT = OnnxFile()
