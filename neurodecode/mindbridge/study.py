"""The ``mindbridge`` pipeline's responses: fetched, split once, and stored subject by subject."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import (
    atomic_path,
    read_json,
    sha256_file,
    write_json,
    write_parquet,
)
from neurodecode.datasets.loaders import read_subject_of
from neurodecode.datasets.responses import responses_loader
from neurodecode.datasets.responses.embeddings import EMBEDDINGS, write_embeddings
from neurodecode.evaluation.audit import AuditRow, assert_no_leak
from neurodecode.evaluation.stimulus_splits import audit_stimuli, split_stimuli
from neurodecode.faults import DataFault
from neurodecode.mindbridge.aggregation import aggregate
from neurodecode.mindbridge.data import SubjectData
from neurodecode.signals.store import Store, open_store, write_store
from neurodecode.stimuli.pictures.files import check_pictures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neurodecode.datasets.catalog import Card
    from neurodecode.datasets.responses.embeddings import Embeddings
    from neurodecode.datasets.responses.subject import Responses
    from neurodecode.mindbridge.config import MindBridgeConfig
    from neurodecode.mindbridge.config_model import BridgeSection
    from neurodecode.mindbridge.targets import Targets

TRIALS, DESCRIPTION = "trials.parquet", "seen.json"
BLOCK = 256
"""Trials pooled at a time."""
PLACES = "places.npy"
"""Of a store: where its voxels are in the flattened grid of their mask, if there is one."""
FOLD = "part of fold "
"""Begin of the columns that hold the parts of each fold, where a run has several."""


@dataclass(frozen=True)
class Study:
    """What a run's models read: responses, pictures, and the settings.

    Attributes
    ----------
    folders : dict
        Store folder by subject.
    trials : DataFrame
        Every trial with its part, from :func:`fetch_trials`.
    pictures : Path or None
        Folder of the picture files.
    exemplars : dict
        Picture files by stimulus where the exact picture is unknown.
    embeddings : Path
        Folder of the encoders' cache.
    shipped : Path or None
        ``embeddings.npz``, where the data set comes with targets of its own.
    fold : int or None
        See :meth:`of_fold`.
    key : str
        Changes with data, settings and code: an interrupted training goes on only with the same.
    """

    config: MindBridgeConfig
    folders: dict[str, Path]
    trials: pd.DataFrame
    pictures: Path | None
    exemplars: dict[str, list[str]]
    embeddings: Path
    key: str = ""
    shipped: Path | None = None
    fold: int | None = None

    @property
    def subjects(self) -> tuple[str, ...]:
        """Labels, sorted."""
        return tuple(sorted(self.folders))

    @property
    def first_unit(self) -> str:
        """Name of the job that trains the main model with the first seed."""
        return next(iter(self.config.units(list(self.subjects))))

    def of_fold(self, fold: int | None) -> Study:
        """Return the study with the parts of one fold; None: as it is."""
        if fold is None:
            return self
        return replace(self, fold=fold, trials=in_fold(self.trials, fold))

    def store(self, subject: str) -> Store:
        """Open the responses of a subject."""
        return open_store(self.folders[subject])

    def trials_of(self, store: Store, part: str) -> pd.DataFrame:
        """Return the trials of a store that are of one part; their index is the store's row."""
        return in_fold(store.trials, self.fold).query("part == @part")

    def data(
        self,
        subject: str,
        part: str,
        bridge: BridgeSection,
        targets: Targets,
        *,
        shuffled_with: int | None = None,
    ) -> SubjectData:
        """Return the pooled responses of one subject with their targets, a row per stimulus.

        Parameters
        ----------
        part : {"train", "valid", "test"}
        bridge : BridgeSection
            How voxels are pooled.
        targets : Targets
        shuffled_with : int, optional
            Seed: give every stimulus another one's target, a control.

        Raises
        ------
        DataFault
            If the subject has no trial in this part.
        """
        store = self.store(subject)
        trials = self.trials_of(store, part)
        if trials.empty:
            raise DataFault(f"no {part} stimulus", where=f"subject {subject}",
                            fix="another split, or leave the subject out")  # fmt: skip
        stimuli = sorted(trials["stimulus"].unique())
        responses, counts = pool_by_stimulus(
            store.signals, trials.index.to_numpy(), trials["stimulus"], stimuli, bridge,
            where=f"subject {store.folder.name}",
        )  # fmt: skip
        shown = stimuli
        if shuffled_with is not None:
            order = np.random.default_rng(shuffled_with).permutation(len(stimuli))
            shown = [stimuli[i] for i in order]
        text = targets.text(shown)
        return SubjectData(
            responses, targets.image(shown), stimuli,
            None if text is None else text[:, None], counts,
        )  # fmt: skip


def pool_by_stimulus(
    signals: NDArray[Any], rows: NDArray[Any], shown: pd.Series[str], stimuli: Sequence[str],
    bridge: BridgeSection, *, where: str,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:  # fmt: skip
    """Return pooled responses by stimulus, and how many there are of each.

    Parameters
    ----------
    signals : ndarray, shape (n_trials, n_voxels)
        May be memory-mapped.
    rows : ndarray of int, shape (n,)
        Trials to take.
    shown : Series of str, shape (n,)
        The stimulus of each.
    stimuli : sequence of str, shape (n_stimuli,)
        Each once, in the order wanted.
    bridge : BridgeSection
        How voxels are pooled.
    where : str
        Whose responses these are, for messages.

    Returns
    -------
    pooled : ndarray of float32, shape (n_stimuli, n_repetitions, pooled_size)
        Zeros where a stimulus has fewer repetitions.
    counts : ndarray of int64, shape (n_stimuli,)
    """
    place = {name: i for i, name in enumerate(stimuli)}
    row_of = shown.map(place).to_numpy()
    turn = shown.groupby(shown).cumcount().to_numpy()
    counts = np.bincount(row_of, minlength=len(stimuli))
    found = np.zeros((len(stimuli), counts.max(), bridge.pooled_size), dtype=np.float32)
    for start in range(0, len(rows), BLOCK):
        part = slice(start, start + BLOCK)
        values = aggregate(
            np.asarray(signals[rows[part]]), bridge.pooled_size, bridge.aggregation, where=where
        )
        found[row_of[part], turn[part]] = values
    return found, counts


def read_subject(config: MindBridgeConfig, card: Card, subject: str, root: Path) -> Responses:
    """Return the responses of one subject."""
    found: Responses = read_subject_of(responses_loader, config.data, card, subject, root)
    return found


def fetch_trials(
    config: MindBridgeConfig, card: Card, subjects: Sequence[str], root: Path, folder: Path
) -> pd.DataFrame:
    """Read what everybody saw, split it once, audit it, and write it below ``folder``.

    Raises
    ------
    DataFault
        As the data set's loader; also if a picture is missing or cannot be read.
    LeakFault
        If a stimulus that is tested is trained on.
    """
    tables, notes = [], []
    shipped: Embeddings | None = None
    exemplars: dict[str, list[str]] = {}
    pictures: set[str] = set()
    for subject in subjects:
        found = read_subject(config, card, subject, root)
        tables.append(found.trials.assign(participant=subject, trial=range(len(found.trials))))
        exemplars |= {name: list(files) for name, files in found.exemplars.items()}
        notes += [f"{subject}: {note}" for note in found.notes]
        shipped = _same_embeddings(shipped, found)
        if found.pictures is not None:
            pictures.add(str(found.pictures.resolve()))
    if len(pictures) > 1:
        raise DataFault(f"pictures in {len(pictures)} folders: {', '.join(sorted(pictures))}",
                        fix="keep the pictures of a study in one folder")  # fmt: skip
    root_of_pictures = Path(next(iter(pictures))) if pictures else None
    trials = pd.concat(tables, ignore_index=True)
    contents = _contents(root_of_pictures, trials)
    trials, audit = _split(config, trials, contents)
    assert_no_leak(audit)
    write_parquet(folder / TRIALS, trials)
    (folder / EMBEDDINGS).unlink(missing_ok=True)
    if shipped is not None:
        write_embeddings(folder / EMBEDDINGS, shipped)
    description: dict[str, Any] = {
        "pictures": None if root_of_pictures is None else str(root_of_pictures),
        "exemplars": exemplars, "notes": notes, "audit": [vars(row) for row in audit],
    }  # fmt: skip
    write_json(folder / DESCRIPTION, description)
    return trials


def in_fold(trials: pd.DataFrame, fold: int | None) -> pd.DataFrame:
    """Return trials with the parts of one fold of several; None: as they are."""
    return trials if fold is None else trials.assign(part=trials[f"{FOLD}{fold}"])


def _split(
    config: MindBridgeConfig, trials: pd.DataFrame, contents: dict[str, str] | None
) -> tuple[pd.DataFrame, list[AuditRow]]:
    """Return trials with ``part``, of each fold where there are several, and the audit of all."""
    split, several = config.split, config.split.trained_folds
    columns, audit = {}, []
    for fold in several or (split.fold,):
        found = split_stimuli(
            trials, split.protocol, valid=split.valid, test=split.test, seed=config.seed,
            disjoint=split.disjoint, fold=fold, contents=contents,
        )  # fmt: skip
        rows = audit_stimuli(found, split.protocol, disjoint=split.disjoint, contents=contents)
        audit += [replace(row, fold=f"fold {fold}, {row.fold}") if several else row for row in rows]
        columns[f"{FOLD}{fold}"] = found["part"]
    return (in_fold(found.assign(**columns), 0), audit) if several else (found, audit)


def _same_embeddings(earlier: Embeddings | None, found: Responses) -> Embeddings | None:
    """Return the targets that came with the data set; DataFault where two subjects' differ."""
    mine = found.embeddings
    if earlier is None or mine is None:
        return earlier or mine
    same = earlier.stimuli == mine.stimuli and earlier.arrays.keys() == mine.arrays.keys()
    if not same or any(not np.array_equal(earlier.arrays[k], v) for k, v in mine.arrays.items()):
        raise DataFault("its embeddings are not those of the subjects before",
                        where=f"subject {found.subject}",
                        fix="one target per stimulus, for everybody")  # fmt: skip
    return mine


def _contents(pictures: Path | None, trials: pd.DataFrame) -> dict[str, str] | None:
    shown = sorted(set(trials["image"]) - {""})
    if pictures is None or not shown:
        return None
    check_pictures(pictures, shown)
    return {name: sha256_file(pictures / name) for name in shown}


def read_trials(folder: Path) -> tuple[pd.DataFrame, Path | None, dict[str, list[str]]]:
    """Return every trial with its part, the folder of the pictures, and the exemplars."""
    content = read_json(folder / DESCRIPTION)
    pictures = None if content["pictures"] is None else Path(content["pictures"])
    return pd.read_parquet(folder / TRIALS), pictures, content["exemplars"]


def shipped_embeddings(folder: Path) -> Path | None:
    """Return the file of the targets that came with the data set, if any."""
    path = folder / EMBEDDINGS
    return path if path.is_file() else None


def read_audit(folder: Path) -> list[AuditRow]:
    """Return the audit of the split."""
    rows = read_json(folder / DESCRIPTION)["audit"]
    return [AuditRow(**{**row, "examples": tuple(row["examples"])}) for row in rows]


def prepare_subject(folder: Path, found: Responses, trials: pd.DataFrame) -> Store:
    """Write the store of one subject: responses (n_trials, n_voxels), and each trial's part.

    Parameters
    ----------
    found : Responses
    trials : DataFrame
        Of this subject, from :func:`fetch_trials`.
    """
    ordered = trials.sort_values("trial")
    info = {
        "subject": found.subject,
        "channels": [f"{found.n_voxels} voxels"],
        "sfreq": 0,
        "n_voxels": found.n_voxels,
        "voxels": found.voxels.info(),
        "mended": {"voxels": list(found.notes)} if found.notes else {},
        "windows": {str(k): int(v) for k, v in ordered["part"].value_counts().items()},
    }
    kept = ["stimulus", "image", "category", "caption", "repetition", "run", "part"]
    kept += [str(name) for name in ordered.columns if str(name).startswith(FOLD)]
    table = ordered[kept].reset_index(drop=True)
    if (places := found.voxels.places) is None:
        (folder / PLACES).unlink(missing_ok=True)
    else:
        with atomic_path(folder / PLACES) as path, path.open("wb") as file:
            np.save(file, places)
    return write_store(folder, found.responses[ordered["trial"].to_numpy()], table, info)
