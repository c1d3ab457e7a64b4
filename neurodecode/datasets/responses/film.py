"""One film, 155 people: time courses of parcels, and what a group of other people showed.

Richardson et al., Nature Communications 9, 1027, 2018, doi:10.1038/s41467-018-03399-2, OpenNeuro
ds000228: children and adults watched one silent film, 168 volumes of 2 s. The folder holds

::

    aal116_timeseries.npz    timeseries (155, 168, 116): AAL parcels, z-scored; participant
    basc064_timeseries.npz   timeseries (155, 168, 64): BASC-64 parcels; participant

People are divided by a hash. One half, the group, is never a subject: its mean BASC-64 time course
is what is decoded from the others, so nothing of a subject's own is in the targets. The others are
the subjects; each keeps another random set of AAL parcels, so that sizes differ and no two columns
correspond.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.datasets.responses.embeddings import Embeddings
from neurodecode.datasets.responses.subject import COLUMNS, Responses
from neurodecode.datasets.responses.voxels import BadVoxels, Voxels, usable_voxels
from neurodecode.datasets.sniff import sniff
from neurodecode.faults import ConfigFault, DataFault, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TR_S = 2.0
PARCELS, TARGETS = "aal116_timeseries.npz", "basc064_timeseries.npz"
TEST_SHARE = 0.5
"""Share of the film, at its end, that tests."""


@dataclass(frozen=True)
class FilmSegments:
    """Segments of a film and their parts, in volumes.

    Train, validation and test are contiguous blocks in this order; one segment between validation
    and test is in none, and no segment lies across two blocks.

    Attributes
    ----------
    starts : ndarray of int, shape (n_segments,)
        First volume of each.
    parts : list of str
        "train", "valid" or "test".
    length : int
        Volumes of a segment.
    names : list of str
        As "016.0-024.0 s".
    """

    starts: NDArray[np.int64]
    parts: list[str]
    length: int

    @property
    def names(self) -> list[str]:
        """Start and end of each segment."""
        spans = ((start * TR_S, (start + self.length) * TR_S) for start in self.starts.tolist())
        return [f"{start:05.1f}-{end:05.1f} s" for start, end in spans]

    def cut(self, series: NDArray[np.float32], bins: int) -> NDArray[np.float32]:
        """Return the means of ``bins`` equal stretches of each segment, side by side.

        Parameters
        ----------
        series : ndarray, shape (n_volumes, n_parcels)
        bins : int

        Returns
        -------
        ndarray of float32, shape (n_segments, n_parcels * bins)
            The stretches of a parcel are neighbours.
        """
        rows = self.starts[:, None] + np.arange(self.length)
        stretches = series[rows].reshape(len(rows), bins, self.length // bins, -1).mean(axis=2)
        flat = stretches.transpose(0, 2, 1).reshape(len(rows), -1)
        return np.ascontiguousarray(flat, dtype=np.float32)


def read_responses(
    root: Path,
    subject: str,
    *,
    n_parcels: Sequence[int] = (50, 109),
    segment: float = 16.0,
    hop: float = 2.0,
    bins: int = 1,
    valid: float = 0.2,
    seed: int = 0,
    bad_voxels: BadVoxels = "stop",
) -> Responses:
    """Read one subject.

    Parameters
    ----------
    root : Path
        Folder with the two files.
    subject : str
        "001", "002", ...: place among those who are not in the group, in the order of the hash.
    n_parcels : sequence of two int, default (50, 109)
        Fewest and most AAL parcels that a subject keeps; how many, and which, is drawn.
    segment : float, default 16.0
        Length of a film segment in s, a whole number of volumes of 2 s.
    hop : float, default 2.0
        From the start of a training or validation segment to the next, s. Test segments do not
        overlap, else a neighbour of the right answer would nearly be right.
    bins : int, default 1
        Stretches of a segment whose means are kept: 1 is the mean of the segment, as many as it
        has volumes keeps its course.
    valid : float, default 0.2
        Share of the first half that validates, at its end.
    seed : int, default 0
        Another seed, another group and other parcels.
    bad_voxels : {"stop", "drop"}, default "stop"
        What to do about parcels that are NaN or infinite in some segment.

    Returns
    -------
    Responses
        ``stimulus`` is the segment; the column order of parcels is the atlas's. Embedding
        "image" (n_segments, 64 * bins) is the group's mean. Every time course has mean 0 and
        variance 1 over the training block, so that nothing of the test is in its scale.

    Raises
    ------
    ConfigFault
        If an option does not fit the film.
    DataFault
        A file is missing or broken, the two name different people, or the subject is unknown.
    """
    root = Path(root)
    names, parcels = read_series(root / PARCELS)
    others, targets = read_series(root / TARGETS)
    if names != others or parcels.shape[1] != targets.shape[1]:
        raise DataFault(f"not the people and volumes of {PARCELS}", where=str(root / TARGETS),
                        fix="take both files of one release")  # fmt: skip
    cut = film_segments(parcels.shape[1], segment, hop, valid)
    if bins < 1 or cut.length % bins:
        raise ConfigFault(f"bins is {bins}, a segment has {cut.length} volumes",
                          fix="give a divisor of it")  # fmt: skip
    group, subjects = divide_people(names, seed)
    place = _place(subject, len(subjects), root)
    train = _training_volumes(cut)
    columns = drawn_parcels(subjects[place], n_parcels, parcels.shape[2], seed)
    mine = parcels[names.index(subjects[place])][:, columns]
    together = _standardised(targets[[names.index(name) for name in group]], train).mean(axis=0)
    values, voxels, notes = usable_voxels(
        cut.cut(_standardised(mine, train), bins), Voxels(len(columns) * bins), bad_voxels,
        where=f"{root / PARCELS}, {subjects[place]}",
    )  # fmt: skip
    embeddings = Embeddings(tuple(cut.names), {"image": cut.cut(together, bins)})
    notes = (f"{subjects[place]}, {len(columns)} of {parcels.shape[2]} parcels; targets are the "
             f"mean of {len(group)} other people", *notes)  # fmt: skip
    label = f"{place + 1:03d}"
    return Responses(label, values, _trials(cut), None, voxels, embeddings, notes=notes)


def read_series(path: Path) -> tuple[list[str], NDArray[np.float32]]:
    """Return the people, and their time courses (n_people, n_volumes, n_parcels), of a file.

    Raises
    ------
    DataFault
        The file is missing, broken or holds objects, or its arrays do not fit each other.
    """
    if not path.is_file():
        raise DataFault("file not found", where=str(path), fix="put it there again")
    sniff(path)
    try:
        with np.load(path, allow_pickle=False) as archive:
            lacking = {"timeseries", "participant"} - set(archive)
            if lacking:
                raise DataFault(f"no array '{min(lacking)}' in the file", where=str(path))
            series, people = archive["timeseries"], archive["participant"]
    except (OSError, ValueError, EOFError) as error:
        raise DataFault(f"time courses cannot be read: {error}", where=str(path)) from error
    if series.ndim != 3 or series.dtype.kind != "f" or people.shape != series.shape[:1]:
        what = f"time courses of shape {series.shape} for people of shape {people.shape}"
        raise DataFault(what, where=str(path), fix="give (people, volumes, parcels), and names")
    return [str(name) for name in people], series.astype(np.float32, copy=False)


def film_segments(n_volumes: int, segment: float, hop: float, valid: float) -> FilmSegments:
    """Cut a film into training, validation and test segments.

    Parameters
    ----------
    n_volumes : int
        Of 2 s.
    segment, hop : float
        Length of a segment, and from one to the next, s.
    valid : float
        Share of the volumes before the test and the gap that validates.

    Raises
    ------
    ConfigFault
        If a length is no whole number of volumes, or a part gets no segment.
    """
    length, step = _volumes("segment", segment), _volumes("hop", hop)
    if not 0 < valid < 1:
        raise ConfigFault(f"valid is {valid:g}", fix="give a share above 0 and below 1")
    first_test = n_volumes - int(n_volumes * TEST_SHARE)
    known = first_test - length
    first_valid = known - max(length, round(known * valid))
    blocks = {
        "train": range(0, first_valid - length + 1, step),
        "valid": range(first_valid, known - length + 1, step),
        "test": range(first_test, n_volumes - length + 1, length),
    }
    if min(len(blocks["train"]), len(blocks["test"])) < 2:
        raise ConfigFault(f"segments of {segment:g} s leave too few of them in {n_volumes} volumes",
                          fix="give a shorter segment")  # fmt: skip
    parts = [part for part, starts in blocks.items() for _ in starts]
    return FilmSegments(np.concatenate([list(s) for s in blocks.values()]), parts, length)


def divide_people(names: Sequence[str], seed: int) -> tuple[list[str], list[str]]:
    """Return the group, half of the people, and the subjects; both in the order of their hashes.

    The hash is the SHA-256 of seed and name, so that it depends on nobody else.
    """
    by_hash = sorted(names, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).hexdigest())
    half = len(by_hash) // 2
    return by_hash[:half], by_hash[half:]


def drawn_parcels(
    name: str, bounds: Sequence[int], n_available: int, seed: int
) -> NDArray[np.int64]:
    """Return the columns of the parcels that a person keeps, ascending.

    Raises
    ------
    ConfigFault
        Unless ``1 <= fewest <= most <= n_available``.
    """
    if len(bounds) != 2 or not 1 <= bounds[0] <= bounds[1] <= n_available:
        fix = f"give the fewest and the most, within 1 to {n_available}"
        raise ConfigFault(f"n_parcels is {list(bounds)}", fix=fix)
    digest = hashlib.sha256(f"{seed} {name} parcels".encode()).digest()
    rng = np.random.default_rng(np.frombuffer(digest, dtype="<u4"))
    n = int(rng.integers(bounds[0], bounds[1] + 1))
    return np.sort(rng.choice(n_available, n, replace=False))


def _volumes(name: str, seconds: float) -> int:
    found = round(seconds / TR_S)
    if found < 1 or not np.isclose(found * TR_S, seconds):
        raise ConfigFault(f"{name} is {seconds:g} s", fix=f"give a multiple of {TR_S:g} s")
    return found


def _place(subject: str, n_subjects: int, root: Path) -> int:
    labels = [f"{i + 1:03d}" for i in range(n_subjects)]
    label = subject.removeprefix("sub-").zfill(3)
    if label not in labels:
        guess = nearest(label, labels)
        fix = f"it has 001 to {labels[-1]}" + (f", is '{guess}' meant?" if guess else "")
        raise DataFault(f"no subject '{subject}'", where=str(root), fix=fix)
    return labels.index(label)


def _training_volumes(cut: FilmSegments) -> slice:
    starts = [start for start, part in zip(cut.starts, cut.parts, strict=True) if part == "train"]
    return slice(0, int(max(starts)) + cut.length)


def _standardised(series: NDArray[np.float32], train: slice) -> NDArray[np.float32]:
    """Return series (..., n_volumes, n_parcels) by mean and deviation of the training volumes.

    The stored z-scores are of the whole film; as this undoes any scale and shift, they leave no
    trace.
    """
    known = series[..., train, :]
    spread = known.std(axis=-2, keepdims=True)
    scale = np.where(spread > 0, spread, np.inf).astype(np.float32)
    found: NDArray[np.float32] = (series - known.mean(axis=-2, keepdims=True)) / scale
    return found


def _trials(cut: FilmSegments) -> pd.DataFrame:
    table = pd.DataFrame({"stimulus": cut.names, "part": cut.parts, "repetition": 1})
    return table.assign(image="", category="", caption="", run="")[list(COLUMNS)]
