"""Broderick 2019, Natural Speech: EEG of 19 people who heard an audiobook in 20 runs.

Broderick et al., Current Biology 28, 803-809, 2018; data: Dryad, 10.5061/dryad.070jc. Under the
root lie ``Natural Speech/EEG/Subject1/Subject1_Run1.mat`` ... The audio and its alignment are not
in the public release: the user puts them into ``stimuli`` as ``audio1.wav`` ... and ``align1.json``
(Gentle), ``align1.TextGrid`` or ``align1.csv`` ...
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.datasets.arrays import raw_from_array
from neurodecode.datasets.listening.recording import Listening
from neurodecode.datasets.matlab import read_matlab
from neurodecode.datasets.montage import standard_montage
from neurodecode.datasets.recording import rows_inside
from neurodecode.faults import DataFault, nearest
from neurodecode.stimuli.transcripts import read_words

if TYPE_CHECKING:
    import mne
    import pandas as pd

RUNS = tuple(range(1, 21))
MONTAGE = "biosemi128"
SFREQ = 128.0
ALIGNMENTS = (".json", ".TextGrid", ".csv", ".tsv")
"""Kinds of alignment files, the first that is there is taken."""

_EEG = Path("Natural Speech", "EEG")
_JUMP = "run 15: the Gentle alignment is known to jump near 170 s"


def read_recordings(
    root: Path, subject: str, *, runs: Sequence[int] | int | None = None
) -> list[Listening]:
    """Read the runs of one participant; playback begins with the first EEG sample.

    Parameters
    ----------
    root : Path
        Folder of the data set.
    subject : str
        "1" to "19".
    runs : int, sequence of int or None, default None
        Runs to read, from 1; None takes all 20.

    Returns
    -------
    list of Listening
        One per run, mastoids left out.

    Raises
    ------
    DataFault
        A file is missing or broken; all missing audio and alignment files are named at once.
    """
    root = Path(root)
    chosen = RUNS if runs is None else (runs,) if isinstance(runs, int) else tuple(runs)
    files = _eeg_files(root, subject, chosen)
    alignments = _stimuli(root / "stimuli", chosen)
    return [_read(root, subject, run, files[run], alignments[run]) for run in chosen]


def read_eeg(path: Path) -> mne.io.BaseRaw:
    """Return the 128 EEG channels of a run as MNE Raw, in V, on the biosemi128 montage.

    The file holds ``eegData`` (n_samples, 128) in uV, ``fs`` and ``mastoids``.

    Raises
    ------
    DataFault
        If the file is broken, or has another rate or number of channels.
    """
    content = read_matlab(path, keys=("eegData", "fs"))
    sfreq = float(content["fs"])
    if sfreq != SFREQ:
        raise DataFault(f"sampled at {sfreq:g} Hz, not {SFREQ:g}", where=str(path))
    names = standard_montage(MONTAGE).ch_names
    signals = np.asarray(content["eegData"], dtype=float)
    if signals.ndim != 2 or signals.shape[1] != len(names):
        raise DataFault(f"eegData of shape {signals.shape}, not (samples, 128)", where=str(path))
    return raw_from_array(signals.T * 1e-6, names, sfreq, montage=MONTAGE, path=path)


def _read(root: Path, subject: str, run: int, file: Path, alignment: Path) -> Listening:
    raw = read_eeg(file)
    sound = f"audio{run}.wav"
    words = _words(alignment, sound)
    heard, outside = rows_inside(words, raw, kind="words")
    jump = (_JUMP,) if run == 15 and alignment.suffix == ".json" else ()
    return Listening(
        subject=subject,
        session="0",
        run=str(run),
        raw=raw,
        words=heard,
        audio=root / "stimuli",
        story=(sound,),
        notes=(*jump, *outside),
    )


def _words(alignment: Path, sound: str) -> pd.DataFrame:
    words = read_words(alignment).sort_values("onset", kind="stable").reset_index(drop=True)
    return words.assign(sound=sound, sound_time=words["onset"]).drop(columns="word_index")


def _eeg_files(root: Path, subject: str, runs: Sequence[int]) -> dict[int, Path]:
    folder = root / _EEG / f"Subject{subject}"
    if not folder.is_dir():
        have = [
            path.name.removeprefix("Subject") for path in sorted((root / _EEG).glob("Subject*"))
        ]
        guess = nearest(subject, have)
        hint = f"it has {', '.join(have)}" if have else "unpack Natural Speech.zip there"
        raise DataFault(
            f"no participant '{subject}'",
            where=str(root / _EEG),
            fix=f"did you mean '{guess}'?" if guess else hint,
        )
    files = {run: folder / f"Subject{subject}_Run{run}.mat" for run in runs}
    missing = [path.name for path in files.values() if not path.is_file()]
    if missing:
        raise DataFault(
            f"{len(missing)} of {len(files)} EEG files missing: {', '.join(missing)}",
            where=str(folder),
            fix="fetch them again, or choose the runs that are there with runs=",
        )
    return files


def _stimuli(folder: Path, runs: Sequence[int]) -> dict[int, Path]:
    """Return the alignment of each run, or name everything that the user still has to bring."""
    found = {
        run: next(filter(Path.is_file, (folder / f"align{run}{kind}" for kind in ALIGNMENTS)), None)
        for run in runs
    }
    missing = [f"audio{run}.wav" for run in runs if not (folder / f"audio{run}.wav").is_file()]
    missing += [f"align{run}.json" for run, path in found.items() if path is None]
    if missing:
        raise DataFault(
            f"audio and alignments are not in the public release, missing: {', '.join(missing)}",
            where=str(folder),
            fix="put your own there; an alignment may also be .TextGrid, .csv or .tsv",
        )
    return {run: path for run, path in found.items() if path is not None}
