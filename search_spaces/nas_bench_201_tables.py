"""Read public tables of the robustness of NAS-Bench-201's cells, from the files that their authors publish.

``evaluator: {nas-robbench-201: FILE}`` reads networks that were trained adversarially, and
``evaluator: {nas-bench-201-robustness: FOLDER}`` reads networks that were not.
"""

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from rnas.errors import InputError
from rnas.nas.evaluators.lookup import Lookup, PublicTable, Row, results_of
from rnas.nas.space import SearchSpace
from rnas.networks.architecture import Shape
from rnas.utils._json_files import Content, checked_content, parse_json
from rnas.utils._regular_files import read_bytes
from rnas.utils._text import shown
from rnas.utils.model import Model
from rnas.utils.quantities import EpsilonField, PathField

Data = Literal["cifar10", "cifar100", "ImageNet16-120"]

_IMAGES: Mapping[str, tuple[Shape, int]] = {
    "cifar10": ((3, 32, 32), 10),
    "cifar100": ((3, 32, 32), 100),
    "ImageNet16-120": ((3, 16, 16), 120),
}
_LARGEST = 512 * 1024**2
_META = "meta.json"

_NAMES: Mapping[str, tuple[str, ...]] = {
    "cifar10": ("cifar10",),
    "cifar100": ("cifar100",),
    "ImageNet16-120": ("ImageNet16-120", "imagenet16-120", "imagenet"),
}
"""Names of each data set in the complete file of NAS-RobBench-201."""

_ROBBENCH = (
    "clean_accuracy",
    "fgsm_3_accuracy",
    "pgd_3_accuracy",
    "fgsm_8_accuracy",
    "robust_accuracy",
    "autoattack_accuracy",
)
"""Metrics of NAS-RobBench-201, in the order in which the file of its web page has them for each data set."""

_ROBBENCH_KEYS = {
    "val_acc": "clean_accuracy",
    "val_fgsm_3.0_acc": "fgsm_3_accuracy",
    "val_pgd_3.0_acc": "pgd_3_accuracy",
    "val_fgsm_8.0_acc": "fgsm_8_accuracy",
    "val_pgd_8.0_acc": "robust_accuracy",
}
"""Metric of each key of the complete file."""

_ATTACKS = {"pgd@Linf": "pgd", "fgsm@Linf": "fgsm", "aa_apgd-ce@Linf": "apgd_ce", "aa_square@Linf": "square"}
"""Attacks of the robustness data set, by the names of its files."""

_CORRUPTIONS = (
    "brightness", "contrast", "defocus_blur", "elastic_transform", "fog", "frost", "gaussian_noise", "glass_blur",
    "impulse_noise", "jpeg_compression", "motion_blur", "pixelate", "shot_noise", "snow", "zoom_blur",
)  # fmt: skip


_described = partial(
    PublicTable,
    networks="6,466 cells of NAS-Bench-201",
    data="CIFAR-10, CIFAR-100, ImageNet16-120",
    space="nas-bench-201",
)


class _Cell(Content):
    isomorph: str
    nb201_string: str = Field(alias="nb201-string")


class _Meta(Content):
    ids: dict[str, _Cell] = Field(min_length=1)
    epsilons: dict[str, list[float]] = Field(default_factory=dict)


class _TableOfCells(Lookup):
    """Read results of NAS-Bench-201's cells on the data set that the settings name."""

    @classmethod
    def image_format(cls, settings: Any) -> tuple[Shape, int]:
        """Return the shape of one image of the data set and the number of its classes."""
        return _IMAGES[settings.data]


class NASRobBench201Settings(Model):
    """Hold ``{nas-robbench-201: FILE, ...}`` of a config."""

    model_config = ConfigDict(serialize_by_alias=True)

    nas_robbench_201: PathField = Field(alias="nas-robbench-201")
    """``NAS-RobBench-201_html.json`` of the web page, with ``ops.json`` in the same folder; or
    ``NAS-RobBench-201_all.json``, with ``meta.json`` in the same folder.
    """
    data: Data = "cifar10"
    """Data set whose results are read."""


class NASRobBench201(_TableOfCells):
    """Read adversarially trained cells from NAS-RobBench-201.

    ``robust_accuracy`` is accuracy under PGD at 8/255. Further metrics are ``clean_accuracy``, ``pgd_3_accuracy``,
    ``fgsm_3_accuracy`` and ``fgsm_8_accuracy``, and ``autoattack_accuracy`` where the file has it. They are means of
    three seeds; the complete file has each seed's as well, such as ``robust_accuracy_seed1``.

    Raises:
        InputError: the constructor raises it for a file that is missing or wrong, and names it.
    """

    Settings: ClassVar[type[BaseModel]] = NASRobBench201Settings
    about: ClassVar[PublicTable | None] = _described(
        title="NAS-RobBench-201",
        holds="adversarial training with three seeds; accuracy under FGSM and PGD at 3/255 and 8/255",
        licence="CC BY-SA 4.0",
        source="NAS-RobBench-201_html.json and ops.json in the folder files of github.com/TT2408/nasrobbench201hp; or "
        "the complete NAS-RobBench-201_all.json and meta.json, which github.com/TT2408/nasrobbench201 links",
        citation="Wu, Liu, Simon-Gabriel, Chrysos, Cevher: Robust NAS under adversarial training: benchmark, theory, "
        "and beyond, ICLR 2024",
        caution="autoattack_accuracy was measured by a library's version of 10 steps, and is too high. There is no "
        "separate test split: what a search maximises is also what it is judged by.",
    )

    def __init__(self, settings: NASRobBench201Settings, space: SearchSpace) -> None:
        path = settings.nas_robbench_201
        content = read_bytes(path, _LARGEST)
        digest = hashlib.sha256(content)
        table = _assigned(content, "acc", path)
        if isinstance(table, dict) and any(name in table for names in _NAMES.values() for name in names):
            meta, other = _meta(path.with_name(_META))
            rows = _complete_rows(table, settings.data, meta, path)
        else:
            cells = path.with_name("ops.json")
            other = read_bytes(cells, _LARGEST)
            rows = _page_rows(table, _assigned(other, "arch", cells), settings.data, path)
        digest.update(other)
        super().__init__(settings, results_of(space, list(rows), path, digest.hexdigest()[:12]))


class RobustnessDataSettings(Model):
    """Hold ``{nas-bench-201-robustness: FOLDER, ...}`` of a config."""

    model_config = ConfigDict(serialize_by_alias=True)

    nas_bench_201_robustness: PathField = Field(alias="nas-bench-201-robustness")
    """The folder with the authors' unpacked archives: ``meta.json``, and a folder for each data set."""
    data: Data = "cifar10"
    """Data set whose results are read."""
    eps: EpsilonField = Fraction(1, 255)
    """Epsilon of the PGD whose accuracy is ``robust_accuracy``; one of those that the table has."""


class RobustnessData(_TableOfCells):
    """Read cells that were trained without adversarial training, from the robustness data set on NAS-Bench-201.

    Metrics are ``clean_accuracy``; the accuracy under each attack and epsilon, in 255ths, such as ``pgd_0.5_accuracy``;
    ``robust_accuracy``, which is one of these; and ``corruption_accuracy``, the mean of 15 types at five levels, where
    the folder has the files of the corruptions.

    Raises:
        InputError: the constructor raises it for a file that is missing or wrong, and names it.
    """

    Settings: ClassVar[type[BaseModel]] = RobustnessDataSettings
    about: ClassVar[PublicTable | None] = _described(
        title="Robustness data set on NAS-Bench-201",
        holds="standard training; accuracy under FGSM, PGD, APGD and Square at several epsilons, and under corruptions",
        licence="not stated in its repository; ask the authors",
        source="data.robustness.vision: meta.zip, and the archives of accuracies",
        citation="Jung, Lukasik, Keuper: Neural Architecture Design and Robustness: A Dataset, ICLR 2023",
        caution="The networks were not trained adversarially: their robustness says little about how networks rank "
        "after adversarial training.",
    )

    def __init__(self, settings: RobustnessDataSettings, space: SearchSpace) -> None:
        folder = settings.nas_bench_201_robustness
        meta, content = _meta(folder / _META)
        digest = hashlib.sha256(content)
        columns: dict[str, Mapping[str, float]] = {}
        for key, names in _files(meta, settings.data, folder).items():
            path = folder / settings.data / f"{key}_accuracy.json"
            content = read_bytes(path, _LARGEST)
            digest.update(content)
            values = _part(parse_json(content, path), (settings.data, key, "accuracy"), path)
            unknown = next((number for number in values if number not in meta.ids), None)
            if unknown is not None:
                raise InputError(f"{path}: {_META} has no network {shown(unknown)}")
            columns |= _columns(values, names, path)
        robust = f"pgd_{_text(255 * float(settings.eps))}_accuracy"
        if robust not in columns:
            attacked = ", ".join(f"{value:g}/255" for value in meta.epsilons.get("pgd@Linf", []))
            raise InputError(f"{folder}: eps is {settings.eps}; the table has PGD at {attacked or 'no epsilon'}")
        columns["robust_accuracy"] = columns[robust]
        corruptions = [columns.pop(name) for name in _CORRUPTIONS if name in columns]
        rows = []
        for number, cell in meta.ids.items():
            if cell.isomorph == number:
                metrics = {name: values[number] for name, values in columns.items() if number in values}
                if corruptions:
                    metrics["corruption_accuracy"] = float(np.mean([c.get(number, math.nan) for c in corruptions]))
                rows.append(Row(f"network {number}", cell.nb201_string, metrics))
        super().__init__(settings, results_of(space, rows, folder, digest.hexdigest()[:12]))


def _meta(path: Path) -> tuple[_Meta, bytes]:
    """Return the networks that a table names by number, and the bytes of the file that names them."""
    content = read_bytes(path, _LARGEST)
    return _Meta.model_validate(checked_content(parse_json(content, path), _Meta, path)), content


def _assigned(content: bytes, name: str, path: Path) -> Any:
    """Return the JSON of a file, which may be a script that assigns it to a variable."""
    match = re.match(rf"\s*{name}\s*=\s*".encode(), content)
    return parse_json(content if match is None else content[match.end() :].rstrip().rstrip(b";"), path)


def _page_rows(table: Any, cells: Any, data: Data, path: Path) -> Iterator[Row]:
    """Yield the rows of the web page's file: for each number of a cell, six accuracies on each of three data sets."""
    if not isinstance(table, dict) or not isinstance(cells, list):
        raise InputError(f"{path}: not the file of the web page (numbers of cells with their accuracies)")
    first = list(_IMAGES).index(data) * len(_ROBBENCH)
    notations = {str(number): cell for number, cell in enumerate(cells) if isinstance(cell, str)}
    for number, values in table.items():
        place = f"network {shown(number)}"
        if not isinstance(values, list) or len(values) != len(_IMAGES) * len(_ROBBENCH):
            raise InputError(f"{path}, {place}: not a list of {len(_IMAGES) * len(_ROBBENCH)} accuracies")
        if number not in notations:
            raise InputError(f"{path}, {place}: ops.json has no cell of this number")
        own = values[first : first + len(_ROBBENCH)]
        metrics = {name: _accuracy(value, f"{path}, {place}") for name, value in zip(_ROBBENCH, own, strict=True)}
        yield Row(place, notations[number], metrics)


def _complete_rows(table: Any, data: Data, meta: _Meta, path: Path) -> Iterator[Row]:
    """Yield the rows of the complete file: for each number of a cell the accuracies of each seed by metric."""
    names = [name for name in _NAMES[data] if name in table]
    if not names:
        raise InputError(f"{path}: no results on {data}; it has {', '.join(map(shown, table))}")
    for number, results in _part(table, (names[0],), path).items():
        place = f"network {shown(number)}"
        if number not in meta.ids or not isinstance(results, dict):
            raise InputError(f"{path}, {place}: {_META} has no network of this number, or it has no metrics")
        metrics: dict[str, float] = {}
        for key, name in _ROBBENCH_KEYS.items():
            seeds = {
                seed: _accuracy(value, f"{path}, {place}: {key}")
                for seed, value in _part(results, (key,), path).items()
            }
            if not seeds:
                raise InputError(f"{path}, {place}: {key} has no seed")
            metrics[name] = float(np.mean(list(seeds.values())))
            metrics |= {f"{name}_seed{seed}": value for seed, value in seeds.items()}
        yield Row(place, meta.ids[number].nb201_string, metrics)


def _files(meta: _Meta, data: Data, folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the names of the metrics in each file of a data set; those of corruptions may be missing."""
    files: dict[str, tuple[str, ...]] = {"clean": ("clean_accuracy",)}
    for key, attack in _ATTACKS.items():
        files[key] = tuple(f"{attack}_{_text(value)}_accuracy" for value in meta.epsilons.get(key, ()))
        if len(set(files[key])) < len(files[key]):
            raise InputError(f"{folder / _META}: epsilons of {key}: two are the same")
    here = [name for name in _CORRUPTIONS if (folder / data / f"{name}_accuracy.json").exists()]
    if here and len(here) < len(_CORRUPTIONS):
        missing = next(name for name in _CORRUPTIONS if name not in here)
        raise InputError(f"{folder / data}: {missing}_accuracy.json is missing; give all corruptions or none")
    return {key: names for key, names in files.items() if names} | {name: (name,) for name in here}


def _columns(values: Mapping[str, Any], names: Sequence[str], path: Path) -> dict[str, dict[str, float]]:
    """Return the accuracies by metric and number of the network; a list for one metric is averaged."""
    columns: dict[str, dict[str, float]] = {name: {} for name in names}
    for number, value in values.items():
        own = value if isinstance(value, list) else [value]
        where = f"{path}, network {shown(number)}"
        accuracies = [_accuracy(one, where) for one in own]
        if len(names) == 1:
            columns[names[0]][number] = float(np.mean(accuracies)) if accuracies else math.nan
        elif len(accuracies) != len(names):
            raise InputError(f"{where}: {len(own)} accuracies for {len(names)} epsilons")
        else:
            for name, accuracy in zip(names, accuracies, strict=True):
                columns[name][number] = accuracy
    return columns


def _part(content: Any, keys: Sequence[str], path: Path) -> Mapping[str, Any]:
    """Return the object that keys lead to in JSON values; raise InputError if it is not there."""
    for key in keys:
        if not isinstance(content, dict) or not isinstance(content.get(key), dict):
            raise InputError(f"{path}: no object {key!r}; give the file as its authors publish it")
        content = content[key]
    found: Mapping[str, Any] = content
    return found


def _accuracy(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InputError(f"{where}: {shown(value)} is not an accuracy between 0 and 1")
    return float(value)


def _text(value: float) -> str:
    return f"{value:g}"
