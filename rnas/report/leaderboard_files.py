"""Read the results of ``rnas evaluate`` in a folder, to rank them."""

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rnas.errors import InputError
from rnas.evaluation import evaluation_result as written
from rnas.evaluation._image_flags import unpack
from rnas.evaluation.threats import robust_to_all
from rnas.report.leaderboard import Entry, Leaderboard, LeaderboardAccuracy, LeaderboardFlag, tables
from rnas.statistics.proportions import proportion
from rnas.utils._json_files import parse_json
from rnas.utils._regular_files import read_bytes

_DIGITS = 8
_LARGEST = 512 * 1024**2
_UNCHECKED = LeaderboardFlag(
    "unchecked", "This network was evaluated without the checks for signs of overestimated robustness."
)


def leaderboard(folder: Path | str) -> Leaderboard:
    """Rank the evaluated networks of a folder by robust accuracy.

    Args:
        folder: where evaluations were written to, one ``.json`` file for each network.

    Raises:
        InputError: there is no such folder or no such file in it, or one is damaged or no evaluation.

    Examples:
        >>> import rnas
        >>> import torch
        >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))
        >>> given = {"data": "digits", "attacks": ["fgsm"], "images": 20, "flags": False, "output": "results"}
        >>> results = [rnas.evaluate(model, name=name, **given) for name in ("one", "other")]
        >>> ranked = rnas.leaderboard("results").to_pandas()
    """
    return Leaderboard(tables(read_entries(Path(folder))))


def read_entries(folder: Path) -> list[Entry]:
    """Return one entry for each ``.json`` file of a folder, in the order of their names.

    Raises:
        InputError: the folder or such files do not exist, or a file is not a result of ``rnas evaluate`` or is damaged.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: not a folder; give the one that rnas evaluate ARCH -o DIR wrote to")
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise InputError(f"{folder}: no .json file in it; rnas evaluate ARCH -o {folder} writes one for each network")
    return [_entry(path) for path in paths]


def _entry(path: Path) -> Entry:
    result = _read(path)
    try:
        clean = _accuracy(result.clean, result.data)
        attacks = {(attack.threat, attack.name): _accuracy(attack, result.data) for attack in result.attacks}
        threats = {threat.name: _accuracy(threat, result.data) for threat in result.threats}
        worst_case = _accuracy(result.worst_case, result.data)
        union = robust_to_all([unpack(attack.right, result.data.images) for attack in result.attacks])
        if worst_case.right != tuple(union.tolist()):
            raise ValueError("its worst case does not agree with its attacks")
    except (ValueError, RuntimeError) as error:
        raise InputError(
            f"{path}: this result of rnas evaluate is damaged: {error}; evaluate the network again"
        ) from None
    several = len(threats) > 1
    columns = threats if several else {}
    columns = columns | {f"{name} {threat}" if several else name: a for (threat, name), a in attacks.items()}
    return Entry(
        name=result.name,
        source=path.name,
        setting=_setting(result),
        clean=clean,
        attacks=columns,
        worst_case=worst_case,
        params=result.params,
        flops=result.flops,
        flags=_flags(result),
        note=result.note.removesuffix(" ".join(result.weights.notes)).strip(),
        weight_notes=result.weights.notes,
    )


def _read(path: Path) -> written.EvaluationResult:
    content = read_bytes(path, _LARGEST)
    try:
        return written.EvaluationResult.model_validate(parse_json(content, "it"))
    except InputError as error:
        raise InputError(f"{path}: not a result of rnas evaluate ({error}); remove it from the folder") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        fault = f"{place}: {first['msg']}" if place else first["msg"]
        raise InputError(
            f"{path}: not a result of rnas evaluate ({fault}); remove it from the folder or evaluate the network again"
        ) from None


def _accuracy(accuracy: written.MeasuredAccuracy, data: written.Data) -> LeaderboardAccuracy:
    right = unpack(accuracy.right, data.images)
    correct = int(right.sum())
    if not data.images:
        raise ValueError("it has no images")
    if correct != accuracy.correct or len(data.ids) != data.images:
        raise ValueError(
            f"{correct} of {len(data.ids)} images are marked as correct instead of {accuracy.correct} of {data.images}"
        )
    return LeaderboardAccuracy(proportion(correct / data.images, data.images), tuple(right.tolist()))


def _flags(result: written.EvaluationResult) -> tuple[LeaderboardFlag, ...]:
    if result.flags is None:
        return (_UNCHECKED,)
    return tuple(LeaderboardFlag(flag.name, flag.explanation) for flag in result.flags)


def _setting(result: written.EvaluationResult) -> dict[str, str]:
    """Return the facts that agree if two results are about the same images, attacked in the same way."""
    data = result.data
    origin = "published test images" if data.published_test_images else "images of the test split"
    balls = sorted({(threat.norm, threat.epsilon) for threat in result.threats})
    names = dict.fromkeys(attack.name for attack in result.attacks)
    settings = sorted(
        json.dumps(
            {
                "threat": (attack.norm, attack.epsilon),
                "settings": attack.settings,
                "members": [(member.name, member.settings) for member in attack.members],
                "left out": sorted(attack.left_out),
            },
            sort_keys=True,
        )
        for attack in result.attacks
    )
    return {
        "data": data.name,
        "images": f"{data.images:,} {origin}, hash {data.images_hash}, positions {_digest(data.ids)}",
        "threat": " and ".join(f"{norm} {epsilon}" for norm, epsilon in balls),
        "attacks": f"{', '.join(sorted(names))}, settings {_digest(settings)}",
        "noise": f"seed {result.seed}",
        "precision": result.precision,
    }


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:_DIGITS]
