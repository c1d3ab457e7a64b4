"""Encode the pictures of a run, once per picture file and settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.contrastive.image.bank import PictureBank
from neurodecode.faults import DataFault
from neurodecode.stimuli.pictures.cache import PictureCache
from neurodecode.stimuli.pictures.encoder import make_picture_encoder

if TYPE_CHECKING:
    from neurodecode.contrastive.image.units import Seen

BANK = "bank:"
"""Before the names of pictures that were never shown."""
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")


def encoded_bank(seen: Seen, target: str, options: dict[str, Any] | None = None) -> PictureBank:
    """Return the unscaled embeddings of all pictures: those shown, and those of ``data.bank``.

    Raises
    ------
    DataFault
        If the data set comes without pictures, or one cannot be read.
    """
    if seen.pictures is None:
        raise DataFault(
            f"target '{target}' needs picture files, this data set comes without them",
            fix="embedding.target=identity or category, or data.options={pictures: FOLDER}",
        )
    chosen = seen.config.embedding.options.get(target, {}) if options is None else options
    cache = PictureCache(seen.embeddings, make_picture_encoder(target, **chosen))
    shown = seen.trials.drop_duplicates("image")
    features = cache.get(seen.pictures, shown["image"].tolist(), shown["category"].tolist())
    names = shown["image"].tolist()
    if seen.config.data.bank is not None:
        extra = bank_pictures(seen.config.data.bank)
        more = cache.get(seen.config.data.bank, extra, [Path(name).parent.name for name in extra])
        features = np.concatenate([features, more])
        names += [BANK + name for name in extra]
    return PictureBank(target, names, features)


def bank_pictures(folder: Path) -> list[str]:
    """Return the picture files below a folder, relative to it, sorted.

    Raises
    ------
    DataFault
        If the folder is missing or holds no picture.
    """
    found = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
    )
    if not found:
        raise DataFault("no picture", where=str(folder), fix="mend data.bank, or leave it out")
    return found
