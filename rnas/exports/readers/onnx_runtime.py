"""Read an ONNX file with onnxruntime, without torch."""

from collections.abc import Callable

import numpy as np
import onnxruntime
from numpy.typing import NDArray

Array = NDArray[np.float32]


def read(path: str) -> Callable[[Array], Array]:
    """Return the network of an export."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda images: session.run(["logits"], {"images": images})[0]
