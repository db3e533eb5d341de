"""Save the progress of an evaluation in a file that is complete at every instant."""

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, NonNegativeInt, ValidationError

from rnas.errors import InputError
from rnas.utils._json_files import model_json, parse_json
from rnas.utils._regular_files import read_bytes
from rnas.utils._text import one_line
from rnas.utils.files import write_text

_LARGEST = 512 * 1024**2


class StepState(BaseModel):
    """Hold what one attack has done so far.

    Attributes:
        done: number of images attacked so far, in the order of the images to attack.
        broken: all images broken so far; see :mod:`rnas.evaluation._image_flags`.
        seconds: elapsed time.
        forward_passes: images that the network classified for it.
        backward_passes: images for which the network computed a gradient for it.
        zero_gradients: number of gradients that were 0 in every pixel, or not finite.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    done: NonNegativeInt
    broken: str
    seconds: NonNegativeFloat = 0.0
    forward_passes: NonNegativeInt = 0
    backward_passes: NonNegativeInt = 0
    zero_gradients: NonNegativeInt = 0


class _Content(BaseModel):
    """Define the content of the file.

    Attributes:
        setting: everything that decides the results.
        clean: clean images that are classified correctly; None if not known yet.
        steps: what each attack has done, by its name.
    """

    model_config = ConfigDict(extra="forbid")

    setting: dict[str, Any]
    clean: str | None = None
    steps: dict[str, StepState] = {}


class EvaluationState:
    """Hold the results so far of one evaluation, and save them to a file, if there is one, after every change.

    Args:
        setting: everything that decides the results, as JSON values; None is what is not used this time.
        path: path of the file; None keeps the state in memory.

    Raises:
        InputError: the file belongs to another evaluation, or cannot be read.
    """

    def __init__(self, setting: dict[str, Any], path: Path | None = None) -> None:
        self._path = path
        self._content = _Content(setting=setting)
        if path is not None and path.exists():
            self._content = _read(path)
            _require_same(path, self._content.setting, setting)
            self._content.setting |= {name: value for name, value in setting.items() if value is not None}

    @property
    def clean(self) -> str | None:
        """Return which clean images are classified correctly; None if not known yet."""
        return self._content.clean

    def step(self, name: str) -> StepState | None:
        """Return what an attack has done; None if it has done nothing yet."""
        return self._content.steps.get(name)

    def keep_clean(self, flags: str) -> Self:
        """Save which clean images are classified correctly."""
        self._content.clean = flags
        return self._written()

    def keep_step(self, name: str, state: StepState) -> Self:
        """Save what an attack has done."""
        self._content.steps[name] = state
        return self._written()

    def _written(self) -> Self:
        if self._path is not None:
            write_text(self._path, model_json(self._content))
        return self


def _read(path: Path) -> _Content:
    text = read_bytes(path, _LARGEST)
    try:
        return _Content.model_validate(parse_json(text, path))
    except (InputError, ValidationError):
        raise InputError(f"{path}: not the state of an evaluation; delete it to start again") from None


def _require_same(path: Path, there: dict[str, Any], here: dict[str, Any]) -> None:
    names = [name for name in {**there, **here} if name not in there or name not in here or there[name] != here[name]]
    different = [name for name in names if name not in there or None not in (there[name], here.get(name, ""))]
    if different:
        first = different[0]
        others = f", and {len(different) - 1} more" if len(different) > 1 else ""
        raise InputError(
            f"{path} is the state of another evaluation: its {first} is {_short(there.get(first))}, but here it is "
            f"{_short(here.get(first))}{others}; give another output, or delete the file to start again"
        )


def _short(value: Any) -> str:
    return one_line(" ".join(value) if isinstance(value, list) else str(value), 60)
