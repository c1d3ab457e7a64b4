"""THINGS-EEG2: EEG of ten people who saw 16,740 photographs in rapid series, 100 ms each.

Gifford et al., NeuroImage 264, 119754, 2022, doi:10.1016/j.neuroimage.2022.119754; data: OSF
3jk45. Under the root lie ``sub-01/ses-01/raw_eeg_training.npy`` and ``raw_eeg_test.npy`` ... (four
sessions; the archives of "raw data" unpacked), and in ``images`` what the publisher calls the
image set: ``image_metadata.npy``, ``training_images`` and ``test_images``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from neurodecode.datasets.arrays import raw_from_array
from neurodecode.datasets.bids_recordings import require_subject
from neurodecode.datasets.pickled import read_pickled_dict
from neurodecode.datasets.stimulus_files import require_stimuli
from neurodecode.datasets.viewing.recording import COLUMNS, Viewing, trials_inside
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    import mne
    from numpy.typing import NDArray

Part = Literal["training", "test"]
PARTS: tuple[Part, Part] = ("training", "test")
FOLDERS = {"training": "training_images", "test": "test_images"}
LISTS = {"training": "train", "test": "test"}
"""How the picture lists of a part are called in ``image_metadata.npy``."""

TARGET = 99999
"""Code of the target pictures of the task, left out."""

DURATION_S = 0.1
MONTAGE = "standard_1005"
_KEYS = ("raw_eeg_data", "ch_names", "ch_types", "sfreq")


def read_recordings(
    root: Path,
    subject: str,
    *,
    session: str | Sequence[str] | None = None,
    part: Part | Sequence[Part] = PARTS,
    pictures: str | Path | None = None,
    without_pictures: bool = False,
) -> list[Viewing]:
    """Read the recordings of one participant: training and test pictures of each session.

    The files are pickled dictionaries; they are read by
    :func:`~neurodecode.datasets.pickled.read_pickled_dict`, which runs nothing that they hold, and
    the signals stay on disk.

    Parameters
    ----------
    root : Path
        Folder of the data set.
    subject : str
        "01" to "10".
    session : str, sequence of str or None, default None
        Sessions "01" to "04"; None takes all.
    part : "training", "test" or both, default both
        Recordings to read.
    pictures : str or Path, default None
        The image set, relative to ``root`` or absolute; None is ``images``.
    without_pictures : bool, default False
        Do without the photographs; ``image_metadata.npy`` is needed all the same.

    Returns
    -------
    list of Viewing
        In the order of session and part; ``run`` is "training" or "test". ``category`` is the
        object of THINGS, as "aardvark"; no object is in both parts.

    Raises
    ------
    ConfigFault
        If a part is unknown.
    DataFault
        Files are missing, broken or unsafe, the stimulus channel is not the last one, or a code
        names no picture.
    """
    root = Path(root)
    label = require_subject(root, subject.zfill(2))
    images = root / (pictures or "images")
    chosen = (part,) if isinstance(part, str) else tuple(part)
    for name in chosen:
        if name not in PARTS:
            raise ConfigFault(unknown("part", name, PARTS))
    names = {name: picture_names(images / "image_metadata.npy", name) for name in chosen}
    return [
        _read(folder / f"raw_eeg_{name}.npy", label, name, names[name], images, without_pictures)
        for folder in _sessions(root / f"sub-{label}", session)
        for name in chosen
    ]


def picture_names(path: Path, part: Part) -> pd.DataFrame:
    """Return file and object of every picture of a part, by its code.

    Parameters
    ----------
    path : Path
        ``image_metadata.npy``: a dictionary with lists of folders ("00001_aardvark") and files.
    part : "training" or "test"
        Whose codes.

    Returns
    -------
    DataFrame
        ``image`` (relative to the image set) and ``category``, indexed by code from 1.

    Raises
    ------
    DataFault
        If the file is missing or unsafe, or its lists differ in length.
    """
    keys = (f"{LISTS[part]}_img_concepts", f"{LISTS[part]}_img_files")
    content = read_pickled_dict(path, keys)
    concepts, files = ([str(name) for name in content[key]] for key in keys)
    if len(concepts) != len(files):
        what = f"{len(concepts)} entries in {keys[0]}, {len(files)} in {keys[1]}"
        raise DataFault(what, where=str(path), fix="delete it and fetch again")
    return pd.DataFrame(
        {
            "image": [
                f"{FOLDERS[part]}/{concept}/{file}"
                for concept, file in zip(concepts, files, strict=True)
            ],
            "category": [concept.partition("_")[2] for concept in concepts],
        },
        index=pd.RangeIndex(1, len(files) + 1),
    )


def read_eeg(path: Path) -> tuple[mne.io.BaseRaw, NDArray[np.float64]]:
    """Return the EEG channels of a recording in V, on disk, and its stimulus channel.

    Raises
    ------
    DataFault
        The file is missing, broken or unsafe; channels and signals do not fit; or the last
        channel is not the only stimulus channel.
    """
    content = read_pickled_dict(path, _KEYS)
    names, types = ([str(name) for name in content[key]] for key in ("ch_names", "ch_types"))
    signals: Any = content["raw_eeg_data"]
    if np.ndim(signals) != 2 or not len(signals) == len(names) == len(types):
        what = f"signals of shape {np.shape(signals)} for {len(names)} channels"
        raise DataFault(what, where=str(path), fix="delete it and fetch again")
    if types != ["eeg"] * (len(types) - 1) + ["stim"]:
        other = ", ".join(f"{n} ({t})" for n, t in zip(names, types, strict=True) if t != "eeg")
        what = f"the last channel must be the stimulus channel, not EEG are: {other or 'none'}"
        raise DataFault(what, where=str(path))
    sfreq = float(content["sfreq"])
    raw = raw_from_array(signals[:-1], names[:-1], sfreq, montage=MONTAGE, path=path)
    return raw, np.asarray(signals[-1], dtype=float)


def _read(
    path: Path, subject: str, part: Part, names: pd.DataFrame, images: Path, without: bool
) -> Viewing:
    raw, stimulus = read_eeg(path)
    rows = np.flatnonzero((stimulus != 0) & (np.diff(stimulus, prepend=0.0) != 0))
    codes = stimulus[rows].astype(np.int64)
    rows, codes = rows[codes != TARGET], codes[codes != TARGET]
    strange = sorted(set(codes.tolist()) - set(names.index))
    if strange:
        what = f"codes without a picture: {', '.join(map(str, strange[:5]))}"
        raise DataFault(what, where=str(path), fix=f"pictures of {part} are 1 to {len(names)}")
    table = names.loc[codes].assign(
        onset=rows / float(raw.info["sfreq"]),
        duration=DURATION_S,
        part="train" if part == "training" else "test",
    )
    trials, notes = trials_inside(table[list(COLUMNS)], raw)
    if not without:
        require_stimuli(images, trials["image"], kind="picture")
    session = path.parent.name.removeprefix("ses-")
    return Viewing(subject, session, part, raw, trials, None if without else images, notes)


def _sessions(folder: Path, session: str | Sequence[str] | None) -> list[Path]:
    found = sorted(folder.glob("ses-*"))
    wanted = [session] if isinstance(session, str) else session
    chosen = [
        path
        for path in found
        if wanted is None or path.name.removeprefix("ses-") in [s.zfill(2) for s in wanted]
    ]
    if not chosen:
        have = ", ".join(path.name for path in found) or "none"
        raise DataFault(f"no such session, found: {have}", where=str(folder))
    return chosen
