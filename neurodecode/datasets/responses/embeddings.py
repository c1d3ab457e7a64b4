"""Targets that come with a data set: named embeddings of its stimuli, in one file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.artefacts import atomic_path
from neurodecode.datasets.sniff import sniff
from neurodecode.faults import ConfigFault, DataFault, nearest, unknown

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

EMBEDDINGS = "embeddings.npz"
"""File in the folder of the pictures: ``stimuli`` (ids, text), and an array per target."""
_IDS = "stimuli"


@dataclass(frozen=True)
class Embeddings:
    """Embeddings of stimuli.

    Attributes
    ----------
    stimuli : tuple of str
        Ids, each once.
    arrays : mapping of str to ndarray, each of shape (n_stimuli, *shape)
        By name of the target, as "image" and "text".
    """

    stimuli: tuple[str, ...]
    arrays: Mapping[str, NDArray[np.float32]]

    def rows(self, target: str, stimuli: Sequence[str]) -> NDArray[np.float32]:
        """Return the embeddings (n, *shape) of some stimuli.

        Raises
        ------
        ConfigFault
            If there is no such target, with the nearest name.
        DataFault
            If a stimulus has no embedding, with the nearest one.
        """
        if target not in self.arrays:
            raise ConfigFault(unknown("embedding of the data set", target, self.arrays))
        self.require(stimuli, where=f"embedding '{target}'")
        places = {name: place for place, name in enumerate(self.stimuli)}
        return self.arrays[target][[places[name] for name in stimuli]]

    def require(self, stimuli: Iterable[str], *, where: str) -> None:
        """Raise DataFault unless all stimuli have an embedding."""
        require_known(stimuli, self.stimuli, what="an embedding", where=where)


def require_known(stimuli: Iterable[str], known: Iterable[str], *, what: str, where: str) -> None:
    """Raise DataFault for stimuli that match nothing, with the nearest id.

    Parameters
    ----------
    stimuli, known : iterable of str
        Ids of the trials, and those that something is known of.
    what : str
        What they lack, as "an embedding".
    where : str
        For the message.
    """
    wanted, valid = dict.fromkeys(stimuli), set(known)
    missing = [name for name in wanted if name not in valid]
    if not missing:
        return
    guess = nearest(missing[0], sorted(valid))
    hint = f"is '{guess}' meant?" if guess else "the ids of both files must be the same"
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    raise DataFault(
        f"{len(missing)} of {len(wanted)} stimuli without {what}: {', '.join(missing[:3])}{more}",
        where=where,
        fix=hint,
    )


def read_embeddings(path: Path) -> Embeddings:
    """Read ``embeddings.npz``; nothing in it may run.

    Raises
    ------
    DataFault
        The file is broken or holds objects, has no ``stimuli`` or one twice, an array has
        another number of rows, or a value is not finite.
    """
    sniff(path)
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays: dict[str, NDArray[Any]] = dict(archive)
    except (OSError, ValueError, EOFError) as error:
        raise DataFault(f"embeddings cannot be read: {error}", where=str(path)) from error
    ids = arrays.pop(_IDS, np.empty(0, dtype=str))
    stimuli = tuple(map(str, ids.tolist()))
    if not stimuli or not arrays:
        raise DataFault(f"no array '{_IDS}', or no other one", where=str(path))
    if len(set(stimuli)) < len(stimuli):
        raise DataFault("a stimulus stands twice in the embeddings", where=str(path))
    for name, array in arrays.items():
        if array.ndim < 2 or len(array) != len(stimuli):
            what = f"embedding '{name}' of shape {array.shape} for {len(stimuli)} stimuli"
            raise DataFault(what, where=str(path))
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise DataFault(f"embedding '{name}' is not of finite numbers", where=str(path))
    return Embeddings(stimuli, {k: v.astype(np.float32, copy=False) for k, v in arrays.items()})


def write_embeddings(path: Path, embeddings: Embeddings) -> None:
    """Write what :func:`read_embeddings` reads, atomically."""
    named: dict[str, Any] = {_IDS: np.array(embeddings.stimuli, dtype=str), **embeddings.arrays}
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **named)
