"""Results of ``rnas evaluate`` as it writes them, on 400 images."""

from typing import Any

import numpy as np
import torch

from rnas.evaluation._image_flags import pack
from rnas.statistics.proportions import proportion

IMAGES = 400


def accuracy(images: range) -> dict[str, Any]:
    """Right on these images alone."""
    right = np.isin(np.arange(IMAGES), list(images))
    share = proportion(float(right.mean()), IMAGES)
    return {
        "correct": int(right.sum()),
        "accuracy": share.value,
        "low": share.low,
        "high": share.high,
        "right": pack(torch.from_numpy(right)),
    }


def result(name: str, robust: range, **fields: Any) -> dict[str, Any]:
    """A network that is right on all images as they are and robust on some."""
    cost = {"seconds": 1.0, "forward_passes": 8_000, "backward_passes": 8_000, "zero_gradient_share": 0.0}
    ball = {"norm": "linf", "epsilon": "8/255"}
    settings = {"name": "PGD", **ball, "steps": 20, "loss": "cross-entropy"}
    return {
        "schema_version": 1,
        "name": name,
        "network": name,
        "architecture": {"kind": "residual"},
        "architecture_key": "0123456789ab",
        "params": 1_200_000,
        "flops": 250_000_000,
        "weights": {"file": f"{name}.safetensors", "sha256": "0" * 64},
        "data": {
            "name": "cifar10",
            "split": "test",
            "images": IMAGES,
            "published_test_images": True,
            "input_shape": [3, 32, 32],
            "num_classes": 10,
            "split_seed": 0,
            "hash": "00112233",
            "images_hash": "44332211",
            "ids": list(range(50_000, 50_000 + IMAGES)),
        },
        "seed": 0,
        "batch_size": 500,
        "precision": "float32",
        "interval": "Wilson, 95 %",
        "clean": accuracy(range(IMAGES)),
        "attacks": [
            {**accuracy(robust), "name": "pgd20", "threat": "linf:8/255", **ball, "settings": settings, "cost": cost}
        ],
        "threats": [{**accuracy(robust), "name": "linf:8/255", **ball}],
        "worst_case": accuracy(robust),
        "corruptions": None,
        "flags": [],
        "flag_checks": {"threat": "linf:8/255", "images": 100, "names": ["zero-gradient-margin"]},
        "request": {},
        "versions": {"python": "3.11"},
        "device": "cpu",
        "note": "",
        **fields,
    }
