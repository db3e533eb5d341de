"""Findings of rules as JSON, made up but shaped like real ones."""

from typing import Any

DEPTHS, WIDTHS, RATIO = "depth shares", "width shares", "depth to width"


def interval(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": value, "low": low, "high": high}


def quantity(name: str, value: float, published: float | None, at_edge: float = 0.0) -> dict[str, Any]:
    near = interval(value, value - 0.04, value + 0.04)
    return {"name": name, "optimum": near, "wide": near, "published": published, "at_edge": at_edge}


def family(name: str, verdict: str, **changes: Any) -> dict[str, Any]:
    """One part of a rule, significant and worth two points."""
    shares = {
        DEPTHS: [quantity("D1", 0.4, 0.4), quantity("D2", 0.42, 0.4), quantity("D3", 0.18, 0.2)],
        WIDTHS: [quantity("W1", 0.3, 0.36), quantity("W2", 0.5, 0.45), quantity("W3", 0.2, 0.18)],
        RATIO: [quantity("r_D", 0.6, 0.7)],
    }
    return {
        "name": name,
        "quantities": shares[name],
        "gain": interval(0.02, 0.01, 0.03),
        "gain_published": None,
        "p_value": 0.0004,
        "p_value_flops": 0.0003,
        "verdict": verdict,
        "evaluations_needed": None,
        "needed_is_least": False,
        **changes,
    }


def group(shares: list[float]) -> dict[str, Any]:
    return {"shares": shares, "score": 0.5, "place": 0.96, "networks": 12}


def content(*families: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Of 150 evaluations by robust accuracy."""
    depth = {
        "of": "depth",
        "levels": [{"low": 4.0, "high": 4.0}, {"low": 7.0, "high": 7.0}],
        "binned": False,
        "left_out": 31,
        "tau": 0.15,
        "p_value": 0.014,
        "top": group([0.37, 0.37, 0.26]),
        "uniform": None,
        "bottom": group([0.3, 0.3, 0.4]),
    }
    returned = {"truth": [0.4, 0.4, 0.2], "mean": [0.375, 0.375, 0.25], "signal": 0.3}
    return {
        "run": "a-run",
        "metric": "robust_accuracy",
        "kind": "proportion",
        "stages": 3,
        "evaluations": 150,
        "fitted": 150,
        "flops": [60e3, 750e3],
        "families": list(families),
        "explained": {"FLOPs": 0.4, "params": -0.1, "FLOPs and params": 0.5, "FLOPs and shares": 0.6, "all": 0.7},
        "blocks": [
            {
                "variable": "kernel_size",
                "value": "3",
                "evaluations": 90,
                "effect": interval(0.01, 0.0, 0.02),
                "p_value": p,
            }
            for p in (0.01, 0.4)
        ],
        "exponents": None,
        "drifts": [],
        "rule": {"depths": [0.4, 0.4, 0.2], "widths": [0.3, 0.5, 0.2], "depth_to_width": 1.5},
        "ranking": {
            "depth": depth,
            "width": None,
            "biases": [{"depth": returned, "width": None, "draws": 100}],
            "missing": "",
        },
        **changes,
    }
