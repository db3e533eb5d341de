"""Run readers in this process and compare logits: ``python run.py JOBS``, where JOBS is a JSON file.

Each job has ``reader``, ``path``, ``example`` (a file of NumPy with ``images`` and ``logits``) and ``without``, names
of packages that must not be imported. The result of each is printed as JSON: ``difference`` and ``largest`` logit, or
``error``. Jobs that forbid packages come before those that import them.
"""

import json
import sys
import traceback
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import Any

import numpy as np


def main(jobs_file: str) -> None:
    """Run the jobs of a file."""
    with open(jobs_file, encoding="utf-8") as file:
        jobs = json.load(file)
    print(json.dumps([_outcome(job) for job in sorted(jobs, key=lambda job: not job["without"])]))


def _outcome(job: dict[str, Any]) -> dict[str, Any]:
    for name in [name for name in sys.modules if name.partition(".")[0] in job["without"]]:
        if sys.modules[name] is not None:
            return {"path": job["path"], "error": f"{name} was imported before"}
    # The import of a module that is None here fails, as if it were not installed.
    sys.modules.update(dict.fromkeys(job["without"]))
    try:
        reader = ModuleType("reader")
        SourceFileLoader(reader.__name__, job["reader"]).exec_module(reader)
        network = reader.read(job["path"])
        with np.load(job["example"]) as example:
            images, expected = example["images"], example["logits"]
        found = network(images)
    except Exception as error:
        return {"path": job["path"], "error": traceback.format_exception_only(error)[-1].strip()}
    finally:
        for name in job["without"]:
            sys.modules.pop(name, None)
    if found.shape != expected.shape:
        return {"path": job["path"], "error": f"logits of shape {found.shape} instead of {expected.shape}"}
    return {
        "path": job["path"],
        "difference": float(np.abs(found - expected).max()),
        "largest": float(np.abs(expected).max()),
    }


if __name__ == "__main__":
    main(sys.argv[1])
