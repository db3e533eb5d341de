import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rnas.data.images import read_images
from rnas.errors import InputError

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)


def save(path: Path, image: Image.Image | None = None) -> Path:
    (image or Image.fromarray(PIXELS)).save(path)
    return path


def refusal(*paths: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_images(paths)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.PNG"])
def test_pixels_are_the_files_own(tmp_path: Path, name: str) -> None:
    pixels = read_images([save(tmp_path / name)] * 2)
    assert pixels.dtype == np.uint8
    assert np.array_equal(pixels, np.stack([PIXELS.transpose(2, 0, 1)] * 2))


@pytest.mark.parametrize("name", ["a.jpg", "a.jpeg", "a.webp"])
def test_lossy_images_are_nearly_their_own(tmp_path: Path, name: str) -> None:
    smooth = Image.fromarray(np.add.outer(np.arange(16), np.arange(16))[:, :, None].repeat(3, 2).astype(np.uint8) * 8)
    (read,) = read_images([save(tmp_path / name, smooth)])
    assert np.abs(read.astype(int) - np.asarray(smooth).transpose(2, 0, 1)).max() < 12


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_other_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(PIXELS).convert(mode)
    if mode == "P":
        image.info["transparency"] = bytes(range(256))
    (read,) = read_images([save(tmp_path / "a.png", image)])
    assert np.array_equal(read, np.asarray(image.convert("RGBA"))[:, :, :3].transpose(2, 0, 1))
    if mode == "L":
        assert np.array_equal(read[0], read[2])


def test_the_first_image_of_another_size_is_named(tmp_path: Path) -> None:
    small, odd, odder = (save(tmp_path / f"{side}.png", Image.new("RGB", (side, 7))) for side in (8, 9, 10))
    assert refusal(small, small, odd, odder) == f"{odd}: 9x7, but {small} is 8x7; resize to one size"


def test_the_first_of_the_damaged_files_is_named(tmp_path: Path) -> None:
    good = save(tmp_path / "good.png")
    for name in ("cut.png", "cut.jpg", "cut.webp", "cut.bmp"):
        path = save(tmp_path / name)
        path.write_bytes(path.read_bytes()[:-30])
        assert refusal(good, path).startswith(f"{path}: not a readable image (")
    text = tmp_path / "text.png"
    text.write_text("not an image")
    assert refusal(good, text, path) == f"{text}: not a PNG, JPEG, BMP or WebP image"
    assert (
        refusal(tmp_path / "none.png") == f"{tmp_path / 'none.png'}: not a readable image (No such file or directory)"
    )


def test_other_formats_are_not_decoded_under_any_name(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    for form in ("GIF", "TIFF", "EPS"):
        Image.fromarray(PIXELS).save(path, format=form)
        assert refusal(path) == f"{path}: not a PNG, JPEG, BMP or WebP image"


@pytest.mark.parametrize("colour", [0, 2, 4, 6])
def test_deep_images_are_refused_rather_than_cut_down(tmp_path: Path, colour: int) -> None:
    path = tmp_path / "deep.png"
    values = 2 * {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    path.write_bytes(png(2, 1, 16, colour, b"\0" + bytes(2 * values)))
    with Image.open(path) as image:
        assert image.size == (2, 1)
    assert refusal(path) == f"{path}: has 16 bits per channel, not 8; convert it to 8 bits"


def test_deep_jpeg_images_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "deep.jpg")
    content = path.read_bytes()
    depth = content.index(b"\xff\xc0") + 4
    assert content[depth] == 8
    path.write_bytes(content[:depth] + b"\x0c" + content[depth + 1 :])
    assert refusal(path) == f"{path}: has 12 bits per channel, not 8; convert it to 8 bits"


def test_shallow_images_keep_their_scale(tmp_path: Path) -> None:
    path = tmp_path / "shallow.png"
    path.write_bytes(png(2, 1, 4, 0, b"\0\x0f"))
    assert read_images([path])[0, 0].tolist() == [[0, 255]]


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_animations_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    frames = [Image.new("RGB", (8, 8), (grey,) * 3) for grey in (0, 200)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert refusal(path) == f"{path}: has several frames, as an animation; save one of them as an image"


def png(width: int, height: int, bits: int = 8, colour: int = 2, content: bytes = b"") -> bytes:
    """A PNG file that claims a size, and holds nothing but the content."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(content)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


@pytest.mark.parametrize("side", [4097, 10_000, 60_000])
def test_decompression_bombs_are_refused_undecoded(tmp_path: Path, side: int) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png(side, side))
    message = refusal(path)
    assert message.startswith(f"{path}: ")
    assert "4096x4096" in message or "decompression bomb" in message
    assert read_images([save(tmp_path / "good.png")]).shape == (1, 3, 6, 8)


def test_more_images_than_memory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "a.png", Image.new("RGB", (1000, 1000)))

    def empty(*_args: object, **_keywords: object) -> None:
        raise MemoryError

    monkeypatch.setattr("numpy.empty", empty)
    assert "2 images of 1000x1000 need 0 GB of memory" in refusal(path, path)


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    good = save(tmp_path / "good.png")
    os.mkfifo(tmp_path / "fifo.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    for name in ("fifo.png", "zero.png"):
        assert "not a regular file" in refusal(good, tmp_path / name)
