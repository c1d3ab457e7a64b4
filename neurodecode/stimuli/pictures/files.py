"""Picture files as arrays: upright, three channels, whole; and their size for an encoder."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from neurodecode.faults import ConfigFault, DataFault, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

BACKGROUND = 128
"""Grey level behind transparent pixels: experiments show pictures on a grey screen."""
MAX_PIXELS = 89_478_485
"""Largest picture that is decoded: 256 MiB as RGB, where Pillow begins to warn of bombs."""
MIN_SIDE = 8
"""Shortest side in pixels that counts as a picture, and not as a mark that counts visitors."""
MAX_ASPECT = 50
"""Longer over shorter side: a strip would become huge where its shorter side is scaled up."""

_AGAIN = "delete it and fetch again"
_SHOWN = 20
_UNKNOWN = ("F", "LAB")  # numbers without a range, and colours that need a profile
_SIXTEEN_BITS = ("I", "I;16", "I;16B", "I;16L", "I;16N")


def read_picture(path: Path | str) -> NDArray[np.uint8]:
    """Read a picture file as RGB.

    The orientation noted in EXIF is applied. Palettes, grey and CMYK become RGB, 16-bit grey is
    scaled to 8 bits, and transparent pixels lie on grey 128, the screen of most experiments.
    Colour profiles are not applied, as in the programs that published networks were trained with.
    Of the views in one MPO file (photographs of telephones) the first is taken.

    Parameters
    ----------
    path : Path or str
        JPEG, PNG, WebP, BMP, TIFF, or another format that Pillow reads.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)

    Raises
    ------
    DataFault
        If the file is missing (with the nearest name in its folder), empty, an error page, not a
        picture, truncated or damaged; an animation or of several pages; in a colour mode without
        a known way to RGB; of less than 8 pixels on a side, more than 50 times as long as
        wide or high, or of more than 89 million pixels.
    """
    path = Path(path)
    _check_file(path)
    return np.array(_to_rgb(path, _decode(path, _load)), dtype=np.uint8)


def check_pictures(root: Path | str, images: Sequence[str]) -> None:
    """Decode every picture and name all that cannot be used, in one fault.

    Parameters
    ----------
    root : Path or str
        Folder of the pictures.
    images : sequence of str
        Files relative to it; one that stands twice is checked once.

    Raises
    ------
    DataFault
        If any is missing or cannot be read; the first 20 are named, all are counted.
    """
    names = list(dict.fromkeys(images))
    require_present(root, names)
    problems = []
    for name in names:
        try:
            _decode(Path(root) / name, _load_small)
        except DataFault as fault:
            problems.append(f"{name} ({fault.what})")
    if problems:
        raise DataFault(
            f"{len(problems)} of {len(names)} pictures cannot be used: {_list(problems)}",
            where=str(root),
            fix="delete them and fetch again",
        )


def require_present(root: Path | str, images: Sequence[str]) -> None:
    """Check that every picture has a file that is not empty, without opening it.

    Raises
    ------
    DataFault
        If not; the first 20 are named, all are counted.
    """
    missing = [name for name in dict.fromkeys(images) if not _has_bytes(Path(root) / name)]
    if len(missing) == 1:
        _check_file(Path(root) / missing[0])
    if missing:
        raise DataFault(
            f"{len(missing)} of {len(set(images))} pictures are missing or empty: {_list(missing)}",
            where=str(root),
            fix="fetch the data set's pictures again, or check the folder",
        )


def resize_picture(
    picture: NDArray[np.uint8], size: int, crop: int | None = None
) -> NDArray[np.uint8]:
    """Scale the shorter side and cut out the middle.

    The longer side becomes ``int(size * longer / shorter)`` pixels; the cut begins
    ``(side - crop) // 2`` pixels from the edge, both as in transformers. Pillow's bicubic filter,
    which smooths when it shrinks.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
    size : int
        Shorter side in pixels.
    crop : int, default None
        Side of the square that is kept, at most ``size``, which is the default.

    Returns
    -------
    ndarray of uint8, shape (crop, crop, 3)

    Raises
    ------
    ConfigFault
        If ``size`` is below 1 or ``crop`` is not in 1 to ``size``.
    DataFault
        If the array is not of that shape and type.
    """
    crop = size if crop is None else crop
    if not 1 <= crop <= size:
        fix = "the cut must be at least 1 pixel and fit the shorter side"
        raise ConfigFault(f"a cut of {crop} pixels from a shorter side of {size}", fix=fix)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        what = f"picture of type {picture.dtype} and shape {picture.shape}"
        raise DataFault(what, fix="give uint8 of shape (height, width, 3)")
    height, width = picture.shape[:2]
    shorter = min(height, width)
    height, width = size * height // shorter, size * width // shorter
    if (height, width) != picture.shape[:2]:
        resized = Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC)
        picture = np.asarray(resized)
    top, left = (height - crop) // 2, (width - crop) // 2
    return np.ascontiguousarray(picture[top : top + crop, left : left + crop])


def _has_bytes(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _check_file(path: Path) -> None:
    if not path.is_file():
        names = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        guess = nearest(path.name, names)
        fix = f"did you mean '{guess}'?" if guess else ""
        raise DataFault("picture not found", where=str(path), fix=fix)
    if not path.stat().st_size:
        raise DataFault("empty file, not a picture", where=str(path), fix=_AGAIN)


def _decode(path: Path, load: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """Open a picture, check what its header says, and only then decode it."""
    try:
        with warnings.catch_warnings():
            # Pillow warns of damaged EXIF and the like, which does not touch the pixels.
            warnings.simplefilter("ignore")
            with Image.open(path) as picture:
                _check_header(path, picture)
                return load(picture)
    except DataFault:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(path, "more than twice the limit") from error
    except Exception as error:  # Pillow's decoders raise OSError, SyntaxError, struct.error, ...
        raise _unreadable(path, error) from error


def _load(picture: Image.Image) -> Image.Image:
    return ImageOps.exif_transpose(picture)


def _load_small(picture: Image.Image) -> Image.Image:
    """Decode all bytes, but of a JPEG only an eighth of the pixels, which is faster."""
    picture.draft(None, (1, 1))
    picture.load()
    return picture


def _check_header(path: Path, picture: Image.Image) -> None:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise _too_large(path, f"{width} x {height} pixels")
    if min(width, height) < MIN_SIDE or max(width, height) > MAX_ASPECT * min(width, height):
        raise DataFault(
            f"picture of {width} x {height} pixels, less than {MIN_SIDE} on a side or more than "
            f"{MAX_ASPECT} times as long as the other",
            where=str(path),
        )
    if picture.mode in _UNKNOWN:
        what = f"pixels of mode {picture.mode} have no known way to RGB"
        raise DataFault(what, where=str(path), fix="save it as an 8-bit PNG")
    n_frames = getattr(picture, "n_frames", 1)
    if n_frames > 1 and picture.format != "MPO":
        raise DataFault(
            f"{n_frames} frames or pages, not one picture",
            where=str(path),
            fix="save the one that was shown as a file of its own",
        )


def _to_rgb(path: Path, picture: Image.Image) -> Image.Image:
    if picture.mode in _SIXTEEN_BITS:
        picture = _eight_bits(path, picture)
    if picture.has_transparency_data:
        # CMYK and 16-bit pictures have none, so this conversion always exists.
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, (BACKGROUND, BACKGROUND, BACKGROUND, 255))
        picture = Image.alpha_composite(ground, picture)
    return picture.convert("RGB")


def _eight_bits(path: Path, picture: Image.Image) -> Image.Image:
    """Scale 0-65535 to 0-255: Pillow itself would clip at 255."""
    values = np.asarray(picture).astype(np.int64)
    if values.min() < 0 or values.max() > 65_535:
        what = f"pixels from {values.min()} to {values.max()}, more than 16 bits"
        raise DataFault(what, where=str(path), fix="save it as an 8-bit PNG")
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))


def _unreadable(path: Path, error: Exception) -> DataFault:
    with path.open("rb") as file:
        head = file.read(12)
    if head.lstrip()[:1] == b"<":
        what = f"error page, not a picture: it starts with {head!r}"
    elif isinstance(error, UnidentifiedImageError):
        what = f"not a picture, it starts with {head!r}"
    else:
        what = f"truncated or damaged picture: {str(error).rstrip('.') or type(error).__name__}"
    return DataFault(what, where=str(path), fix=_AGAIN)


def _too_large(path: Path, size: str) -> DataFault:
    what = f"picture too large: {size}, the limit is {MAX_PIXELS / 1e6:.0f} million"
    return DataFault(what, where=str(path), fix="save it smaller")


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
