"""Read image files of one size."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from rnas.errors import InputError
from rnas.utils._regular_files import require_regular

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")

# Only these decoders are tried, whatever a file is called: others of Pillow's run programs or read other files.
_FORMATS = ("PNG", "JPEG", "BMP", "WEBP")
_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_FRAME_MARKERS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""Markers of JPEG after which the number of bits of a sample stands."""

_MOST_PIXELS = 4096 * 4096


def read_images(paths: Sequence[Path]) -> np.ndarray:
    """Return pixels (n, 3, H, W) uint8 of image files; grey and palette images become RGB, transparency is dropped.

    Args:
        paths: at least one; the first decides the size, which is at most 4096 x 4096 pixels.

    Raises:
        InputError: a file cannot be read, is truncated, has another format, more than 8 bits a channel or several
            frames, is too large, or differs in size from the first one; or the images need too much memory.
    """
    with warnings.catch_warnings():
        # This call checks the sizes.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        first = _read(paths[0], None)
        height, width, _ = first.shape
        try:
            pixels = np.empty((len(paths), 3, height, width), dtype=np.uint8)
        except MemoryError:
            gigabytes = len(paths) * first.nbytes / 1e9
            raise InputError(
                f"{paths[0].parent}: {len(paths):,} images of {width}x{height} need {gigabytes:,.0f} GB of memory: "
                "resize them"
            ) from None
        for number, path in enumerate(paths):
            pixels[number] = _read(path, (paths[0], (width, height))).transpose(2, 0, 1)
    return pixels


def _read(path: Path, like: tuple[Path, tuple[int, int]] | None) -> np.ndarray:
    """Return the pixels (H, W, 3) of one file, which must have the (width, height) of another."""
    if path.exists():
        require_regular(path)
    try:
        bits = _bits(path)
        if bits > 8:
            raise InputError(f"{path}: has {bits} bits per channel, not 8; convert it to 8 bits")
        with Image.open(path, formats=_FORMATS) as image:
            width, height = image.size
            if width * height > _MOST_PIXELS:
                raise InputError(f"{path}: {width}x{height} is more than 4096x4096 pixels; resize all images")
            if like is not None and image.size != like[1]:
                raise InputError(
                    f"{path}: {width}x{height}, but {like[0]} is {like[1][0]}x{like[1][1]}; resize to one size"
                )
            if image.mode not in _MODES:
                raise InputError(f"{path}: mode {image.mode} does not have 8 bits per channel; convert it to RGB")
            # A JPEG of a camera may hold smaller copies of itself; the frames of others are different images.
            if image.format in ("PNG", "WEBP") and getattr(image, "n_frames", 1) > 1:
                raise InputError(f"{path}: has several frames, as an animation; save one of them as an image")
            # A palette contains its transparency, which must be applied before it can be dropped.
            return np.asarray((image.convert("RGBA") if image.mode == "P" else image).convert("RGB"))
    except InputError:
        raise
    except UnidentifiedImageError:
        raise InputError(f"{path}: not a PNG, JPEG, BMP or WebP image") from None
    except OSError as error:
        raise InputError(f"{path}: not a readable image ({error.strerror or _line(error)})") from None
    except Exception as error:  # A damaged image raises almost anything.
        raise InputError(f"{path}: not a readable image ({_line(error)})") from None


def _bits(path: Path) -> int:
    """Return the bits of a channel by a file's header; 8 for formats that cannot have more, and for damaged files.

    The decoder cuts deeper images of many kinds to their high bits without a sign of it.
    """
    with path.open("rb") as file:
        head = file.read(len(_PNG) + 17)
        if head.startswith(_PNG) and len(head) == len(_PNG) + 17:
            return head[-1]
        if not head.startswith(_JPEG):
            return 8
        file.seek(2)
        while True:
            start, kind = file.read(1), file.read(1)
            while kind == b"\xff":  # Padding.
                kind = file.read(1)
            if start != b"\xff" or not kind:
                return 8
            length, bits = file.read(2), file.read(1)
            if not bits:
                return 8
            if kind[0] in _FRAME_MARKERS:
                return bits[0]
            file.seek(int.from_bytes(length) - 3, 1)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
