"""How far an evaluation is, in a file that is whole at every instant."""

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, NonNegativeInt, ValidationError

from rnas.errors import InputError
from rnas.utils.files import write_text


class StepState(BaseModel):
    """What one attack has done so far.

    Attributes:
        done: how many of the images that it is to attack, in their order, it has attacked.
        broken: which of all images it has broken, see :mod:`rnas.evaluation.image_flags`.
        seconds: that it took.
        forward_passes: images that the network classified for it.
        backward_passes: images that the network gave it a gradient for.
        zero_gradients: how many of those were 0 in every pixel, or not finite.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    done: NonNegativeInt
    broken: str
    seconds: NonNegativeFloat = 0.0
    forward_passes: NonNegativeInt = 0
    backward_passes: NonNegativeInt = 0
    zero_gradients: NonNegativeInt = 0


class _Content(BaseModel):
    """The file.

    Attributes:
        setting: all that decides the results.
        clean: which images are classified correctly as they are; None is not known yet.
        steps: what each attack has done, by its name.
    """

    model_config = ConfigDict(extra="forbid")

    setting: dict[str, Any]
    clean: str | None = None
    steps: dict[str, StepState] = {}


class EvaluationState:
    """What is known already of one evaluation; kept in a file after every change, if there is one.

    Args:
        setting: all that decides the results, as JSON values.
        path: the file; None keeps it in memory.

    Raises:
        InputError: the file is of another evaluation, or cannot be read.
    """

    def __init__(self, setting: dict[str, Any], path: Path | None = None) -> None:
        self._path = path
        self._content = _Content(setting=setting)
        if path is not None and path.exists():
            self._content = _read(path)
            _require_same(path, self._content.setting, setting)

    @property
    def clean(self) -> str | None:
        """Which images are classified correctly as they are; None is not known yet."""
        return self._content.clean

    def step(self, name: str) -> StepState | None:
        """What an attack has done; None is nothing yet."""
        return self._content.steps.get(name)

    def keep_clean(self, flags: str) -> Self:
        """Keep which images are classified correctly as they are."""
        self._content.clean = flags
        return self._written()

    def keep_step(self, name: str, state: StepState) -> Self:
        """Keep what an attack has done."""
        self._content.steps[name] = state
        return self._written()

    def _written(self) -> Self:
        if self._path is not None:
            write_text(self._path, self._content.model_dump_json())
        return self


def _read(path: Path) -> _Content:
    try:
        return _Content.model_validate_json(path.read_text())
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValidationError, ValueError):
        raise InputError(f"{path}: not the state of an evaluation; delete it to begin anew") from None


def _require_same(path: Path, there: dict[str, Any], here: dict[str, Any]) -> None:
    different = [name for name in {**there, **here} if there.get(name) != here.get(name)]
    if different:
        first = different[0]
        others = f", and {len(different) - 1} more" if len(different) > 1 else ""
        raise InputError(
            f"{path}: the state of another evaluation: its {first} is {_short(there.get(first))}, here it is "
            f"{_short(here.get(first))}{others}; give another --output, or delete it to begin anew"
        )


def _short(value: Any) -> str:
    text = " ".join(value) if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
