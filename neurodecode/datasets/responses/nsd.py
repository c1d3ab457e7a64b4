"""The Natural Scenes Dataset as MindEye and MindBridge read it: a folder of samples per subject.

Allen et al., Nature Neuroscience 25, 116-126, 2022, doi:10.1038/s41593-021-00962-x; the layout is
that of MindEye's ``webdataset_avg_split``. Below the root lie, packed or not,::

    train/train_subj01_0.tar ...        or  train/subj01/sample000000300.nsdgeneral.npy
    val/val_subj01_0.tar                                 sample000000300.coco73k.npy
    test/test_subj01_0.tar ...                           sample000000300.jpg

A sample is one picture: ``nsdgeneral.npy`` (3, n_voxels) float16, its three presentations in the
voxels of the nsdgeneral region, ``coco73k.npy`` its number among the 73,000 pictures. The use
of NSD needs its owners' agreement, so the files come by hand.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import read_json, write_json
from neurodecode.datasets.archives import unpack
from neurodecode.datasets.responses.embeddings import require_known
from neurodecode.datasets.responses.subject import COLUMNS, Responses
from neurodecode.datasets.responses.voxels import BadVoxels, Voxels, usable_voxels
from neurodecode.datasets.sniff import sniff
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

PARTS = {"train": "train", "val": "valid", "test": "test"}
"""Part by folder."""
VOXELS, NUMBER, PICTURE = ".nsdgeneral.npy", ".coco73k.npy", ".jpg"
N_VOXELS = {1: 15724, 2: 14278, 3: 15226, 4: 13153, 5: 13039, 6: 17907, 7: 12682, 8: 14386}
"""Voxels of the nsdgeneral region of each subject."""
N_SAMPLES = {"train": 8559, "valid": 300, "test": 982}
"""Pictures of the four subjects who came to all 40 sessions."""
WHOLE = (1, 2, 5, 7)
_UNPACKED = ".unpacked.json"
_AGAIN = "delete it and unpack or fetch it again"


def read_responses(
    root: Path,
    subject: str,
    *,
    captions: str | Path | None = None,
    without_copies: bool = False,
    bad_voxels: BadVoxels = "stop",
) -> Responses:
    """Read one subject; archives are unpacked beside themselves when they are first read.

    The responses of subject 1 take 1.9 GB as float32.

    Parameters
    ----------
    root : Path
        Folder with ``train``, ``val`` and ``test``.
    subject : str
        "1" to "8", also "01" or "subj01".
    captions : str or Path, default None
        Captions by number of the picture, relative to ``root`` or absolute: ``.npy`` (73000, n) of
        text, as COCO_73k_annots_curated.npy, or ``.json`` with a list of captions by number.
        The r-th presentation gets the r-th caption, as MindBridge trains. None: no captions.
    without_copies : bool, default False
        Leave out presentations that equal an earlier one of their picture: where a picture was
        shown fewer than three times, the publisher filled the third place somehow. How many there
        are stands in the notes.
    bad_voxels : {"stop", "drop"}, default "stop"
        What to do about voxels that are NaN or infinite in some trial.

    Returns
    -------
    Responses
        Three trials per picture, in the order of part and sample; ``stimulus`` is the picture's
        number ("00349"), the same for every subject.

    Raises
    ------
    DataFault
        A folder or file is missing or broken, an archive is unsafe, samples differ in voxels or
        have not the number of voxels of the subject, or a picture has no caption.
    """
    root = Path(root)
    number = _number(subject)
    bases = {part: _samples(root, folder, number) for folder, part in PARTS.items()}
    samples = [(part, base) for part, found in bases.items() for base in found]
    responses = _stack([base for _, base in samples])
    if number in N_VOXELS and responses.shape[2] != N_VOXELS[number]:
        what = f"{responses.shape[2]} voxels, subject {number} has {N_VOXELS[number]}"
        raise DataFault(what, where=str(root), fix="the files are another subject's or region's")
    trials = _trials(root, samples, responses.shape[1])
    if captions is not None:
        trials["caption"] = _captions(root / captions, trials)
    kept, notes = _copies(responses, without_copies)
    flat = responses.reshape(len(trials), -1)
    flat, trials = (flat, trials) if kept.all() else (flat[kept], trials[kept])
    where = str(root / "train" / f"subj{number:02d}")
    values, voxels, more = usable_voxels(flat, Voxels(flat.shape[1]), bad_voxels, where=where)
    trials = trials.reset_index(drop=True)
    trials["repetition"] = trials.groupby("stimulus").cumcount() + 1
    notes = (*_missing(bases, number), *notes, *more)
    return Responses(str(number), values, trials, root, voxels, notes=notes)


def _samples(root: Path, folder: str, number: int) -> list[Path]:
    """Return the samples of one part, without suffix, by name."""
    base = root / folder / f"subj{number:02d}"
    archives = sorted((root / folder).glob(f"{folder}_subj{number:02d}_*.tar"))
    if archives:
        _unpack_once(archives, base)
    names = sorted(path.name.removesuffix(VOXELS) for path in base.glob(f"*{VOXELS}"))
    if not names:
        fix = f"put {folder}_subj{number:02d}_*.tar there, or what they hold into subj{number:02d}"
        raise DataFault(f"no sample of subject {number}", where=str(root / folder), fix=fix)
    for suffix in (NUMBER, PICTURE):
        missing = [name for name in names if not (base / f"{name}{suffix}").is_file()]
        if missing:
            what = f"{len(missing)} of {len(names)} samples without {suffix}, as {missing[0]}"
            raise DataFault(what, where=str(base), fix=_AGAIN)
    return [base / name for name in names]


def _missing(bases: Mapping[str, Sequence[Path]], number: int) -> tuple[str, ...]:
    """Note the parts that have another number of pictures than published."""
    if number not in WHOLE:
        return ()
    counts = {part: len(bases[part]) for part in N_SAMPLES}
    return tuple(
        f"{counts[part]} pictures in {part}, {published} are published"
        for part, published in N_SAMPLES.items()
        if counts[part] != published
    )


def _unpack_once(archives: Sequence[Path], base: Path) -> None:
    """Unpack archives unless the same ones, by name and size, were unpacked to the end before."""
    sizes = {path.name: path.stat().st_size for path in archives}
    done = base / _UNPACKED
    if done.is_file() and read_json(done) == sizes:
        return
    for path in archives:
        unpack(path, base)
    write_json(done, sizes)


def _stack(samples: Sequence[Path]) -> NDArray[np.float32]:
    """Return the responses (n_samples, n_presentations, n_voxels)."""
    first = _load(samples[0], VOXELS)
    if first.ndim != 2:
        what = f"an array of shape {first.shape}, (presentations, voxels) is needed"
        raise DataFault(what, where=f"{samples[0]}{VOXELS}", fix=_AGAIN)
    stacked = np.empty((len(samples), *first.shape), dtype=np.float32)
    for place, base in enumerate(samples):
        loaded = _load(base, VOXELS)
        if loaded.shape != first.shape:
            what = f"an array of shape {loaded.shape}, the first sample has {first.shape}"
            raise DataFault(what, where=f"{base}{VOXELS}", fix=_AGAIN)
        stacked[place] = loaded
    return stacked


def _trials(root: Path, samples: Sequence[tuple[str, Path]], n_presentations: int) -> pd.DataFrame:
    shown = pd.DataFrame(
        {
            "stimulus": [f"{int(_load(base, NUMBER).item()):05d}" for _, base in samples],
            "image": [f"{base.relative_to(root).as_posix()}{PICTURE}" for _, base in samples],
            "part": [part for part, _ in samples],
        }
    )
    twice = shown["stimulus"].duplicated()
    if twice.any():
        row = shown[twice].iloc[0]
        what = f"picture {row['stimulus']} is in two samples, one is {row['image']}"
        raise DataFault(what, where=str(root), fix="take the samples of one release only")
    trials = shown.loc[shown.index.repeat(n_presentations)].reset_index(drop=True)
    trials = trials.assign(category="", caption="", run="")
    trials["repetition"] = trials.groupby("stimulus").cumcount() + 1
    return trials[list(COLUMNS)]


def _copies(
    responses: NDArray[np.float32], leave_out: bool
) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """Return which presentations to keep, and a note on those that equal an earlier one."""
    own = np.ones(responses.shape[:2], dtype=bool)
    for later in range(1, responses.shape[1]):
        for earlier in range(later):
            same = (responses[:, later] == responses[:, earlier]).all(axis=1)
            own[:, later] &= ~same
    n_copies = int((~own).sum())
    if not n_copies:
        return own.ravel(), ()
    told = f"{n_copies} of {own.size} presentations equal an earlier one of their picture"
    kept = own.ravel() if leave_out else np.ones(own.size, dtype=bool)
    return kept, (f"{told}, left out" if leave_out else told,)


def _captions(path: Path, trials: pd.DataFrame) -> list[str]:
    """Return the caption of each presentation."""
    if not path.is_file():
        raise DataFault("captions not found", where=str(path))
    if path.suffix == ".json":
        content = read_json(path)
        pairs = content.items() if isinstance(content, dict) else enumerate(content)
        known = {f"{int(number):05d}": [str(text) for text in texts] for number, texts in pairs}
    else:
        table = _load(path.with_suffix(""), path.suffix)
        if table.ndim != 2 or table.dtype.kind != "U":
            what = f"captions of shape {table.shape} and type {table.dtype}"
            raise DataFault(what, where=str(path), fix="give text, (n_pictures, n_captions)")
        known = {f"{place:05d}": row.tolist() for place, row in enumerate(table)}
    known = {name: [text for text in texts if text.strip()] for name, texts in known.items()}
    named = [name for name, texts in known.items() if texts]
    require_known(trials["stimulus"], named, what="a caption", where=str(path))
    return [
        known[name][(repetition - 1) % len(known[name])].strip()
        for name, repetition in zip(trials["stimulus"], trials["repetition"], strict=True)
    ]


def _load(base: Path, suffix: str) -> NDArray[Any]:
    path = base.with_name(f"{base.name}{suffix}")
    sniff(path)
    try:
        loaded: NDArray[Any] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        what = f"the array cannot be read: {error}"
        raise DataFault(what, where=str(path), fix=_AGAIN) from error
    return loaded


def _number(subject: str) -> int:
    found = re.fullmatch(r"(?:sub-|subj)?0*(\d+)", subject)
    if found is None or int(found[1]) not in N_VOXELS:
        raise DataFault(f"no subject '{subject}' in NSD", fix=f"it has 1 to {len(N_VOXELS)}")
    return int(found[1])
