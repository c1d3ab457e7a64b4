"""Kaneshiro 2015: EEG of ten people who saw 72 pictures of six categories, 72 times each.

Kaneshiro et al., PLoS ONE 10, e0135697, 2015, doi:10.1371/journal.pone.0135697; files and signals
come through MOABB (class ``Kaneshiro2015``), which knows the six categories only; the picture of
each trial is read from the same file. The pictures are not distributed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.datasets.catalog import find_card
from neurodecode.datasets.matlab import read_matlab
from neurodecode.datasets.moabb import moabb_dataset
from neurodecode.datasets.network import no_network
from neurodecode.datasets.viewing.recording import Viewing, trials_inside
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    import mne
    from numpy.typing import NDArray

    from neurodecode.datasets.catalog import Card

NAME = "Kaneshiro2015"
N_PER_CATEGORY = 12
DURATION_S = 0.5
EPOCH_S = 0.496
"""What the publisher kept of each trial, from the onset of the picture."""

_STIMULUS = "STI"
_EPOCHS = (
    f"put together from epochs of {EPOCH_S} s: outside 0 to {EPOCH_S} s after each onset there are "
    "zeros and other trials, so there is no baseline before the onset"
)


def read_recordings(
    root: Path, subject: str, *, pictures: str | Path | None = None
) -> list[Viewing]:
    """Read the one recording of a participant, at 62.5 Hz, 124 channels.

    Parameters
    ----------
    root : Path
        Folder of the data set below the data root; MOABB's own folder lies beside it.
    subject : str
        "1" to "10".
    pictures : str or Path, default None
        Folder of your copy of the pictures, named by the publisher's numbers (``01.png`` to
        ``72.png``, any kind of file), relative to ``root`` or absolute. None: there are no
        pictures, and ``image`` is "human_body/01" to "inanimate_object/72".

    Returns
    -------
    list of Viewing
        One recording; ``category`` is one of six. Its note tells that it is made of epochs.

    Raises
    ------
    DataFault
        The file is broken, its labels do not fit, or pictures are missing.
    NetworkFault
        The file is not here.
    """
    root = Path(root)
    card = find_card(NAME)
    raw = _read_moabb(card, root.parent, subject)
    path = root.parent / next(iter(card.expected(subject)))
    content = read_matlab(path, keys=("exemplarLabels", "categoryLabels"))
    numbers, codes = (
        np.atleast_1d(content[key]).astype(np.int64) for key in ("exemplarLabels", "categoryLabels")
    )
    _check_labels(numbers, codes, path)
    folder = None if pictures is None else root / pictures
    category = [{code: name for name, code in card.events.items()}[int(code)] for code in codes]
    table = pd.DataFrame(
        {
            "onset": _onsets(raw, codes, path),
            "duration": DURATION_S,
            "image": _images(numbers, category, folder),
            "category": category,
            "part": "",
        },
    )
    trials, notes = trials_inside(table, raw)
    raw = raw.pick("eeg", exclude=(), verbose="ERROR")
    raw.filenames = [path]
    return [Viewing(subject, "0", "0", raw, trials, folder, (_EPOCHS, *notes))]


def _read_moabb(card: Card, root: Path, subject: str) -> mne.io.BaseRaw:
    """Return MOABB's recording; it would ask the publisher for the size of a file that is here."""
    with no_network():
        data = moabb_dataset(card, [subject], root).get_data([int(subject)])
    raw: mne.io.BaseRaw = data[int(subject)]["0"]["0"]
    return raw


def _onsets(raw: mne.io.BaseRaw, codes: NDArray[np.int64], path: Path) -> NDArray[np.float64]:
    """Return the onset of each trial in s; the first one lies at the very first sample."""
    stimulus = raw.get_data(picks=[_STIMULUS])[0]
    samples = np.flatnonzero(stimulus)
    if not np.array_equal(stimulus[samples], codes):
        what = f"{samples.size} triggers of MOABB do not fit {codes.size} category labels"
        raise DataFault(what, where=str(path), fix="is your MOABB newer than this loader?")
    return samples / float(raw.info["sfreq"])


def _check_labels(numbers: NDArray[np.int64], codes: NDArray[np.int64], path: Path) -> None:
    """Require that picture k is of category ceil(k / 12)."""
    if numbers.shape != codes.shape:
        what = f"{numbers.size} picture labels for {codes.size} category labels"
        raise DataFault(what, where=str(path), fix="delete it and fetch again")
    wrong = np.flatnonzero((numbers - 1) // N_PER_CATEGORY + 1 != codes)
    if wrong.size:
        row = int(wrong[0])
        what = f"trial {row}: picture {numbers[row]} cannot be of category {codes[row]}"
        raise DataFault(what, where=str(path), fix="delete it and fetch again")


def _images(numbers: NDArray[np.int64], category: list[str], folder: Path | None) -> list[str]:
    if folder is None:
        return [f"{name}/{number:02d}" for name, number in zip(category, numbers, strict=True)]
    files = {path.stem: path.name for path in sorted(folder.glob("*")) if path.is_file()}
    missing = sorted({f"{number:02d}" for number in numbers} - set(files))
    if missing:
        shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" * (len(missing) > 5))
        what = f"no picture files called {shown}"
        raise DataFault(what, where=str(folder), fix="name your copies 01.png to 72.png")
    return [files[f"{number:02d}"] for number in numbers]
