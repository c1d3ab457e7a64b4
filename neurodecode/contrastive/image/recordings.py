"""The ``image`` pipeline's recordings: a catalogue data set, a BIDS folder, the simulation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import read_json, sha256_file, write_json, write_parquet
from neurodecode.datasets.loaders import read_subject_of
from neurodecode.datasets.recording import require_distinct
from neurodecode.datasets.viewing import viewing_loader
from neurodecode.evaluation.audit import AuditRow, assert_no_leak
from neurodecode.evaluation.picture_splits import audit_pictures, split_pictures
from neurodecode.faults import DataFault
from neurodecode.stimuli.pictures.files import check_pictures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neurodecode.contrastive.image.config import ImageConfig, ViewingSignals
    from neurodecode.datasets.catalog import Card
    from neurodecode.datasets.viewing.recording import Viewing

TRIALS, DESCRIPTION = "trials.parquet", "seen.json"


def read_viewer(config: ImageConfig, card: Card, subject: str, root: Path) -> list[Viewing]:
    """Return all recordings of one participant, not loaded.

    Raises
    ------
    DataFault
        As the data set's loader; also where two recordings have the same name.
    """
    recordings = read_subject_of(viewing_loader, config.data, card, subject, root)
    require_distinct(recordings, subject=subject)
    return recordings


def fetch_seen(
    config: ImageConfig, card: Card, subjects: Sequence[str], root: Path, folder: Path
) -> pd.DataFrame:
    """Read what everybody saw, split it once, audit it, and write it below ``folder``.

    Raises
    ------
    DataFault
        As :func:`read_viewer`; also if a picture is missing or cannot be read.
    LeakFault
        If a picture or category that is tested is trained on.
    """
    recordings = [r for label in subjects for r in read_viewer(config, card, label, root)]
    pictures = _pictures_of(recordings)
    trials = pd.concat(
        [r.trials.assign(participant=r.subject, recording=r.name) for r in recordings],
        ignore_index=True,
    )
    contents = None
    if pictures is not None:
        shown = sorted(trials["image"].unique())
        check_pictures(pictures, shown)
        contents = {name: sha256_file(pictures / name) for name in shown}
    split = config.split
    trials = split_pictures(
        trials, split.protocol, valid=split.valid, test=split.test, seed=config.seed,
        contents=contents,
    )  # fmt: skip
    audit = audit_pictures(trials, split.protocol, contents=contents)
    assert_no_leak(audit)
    write_parquet(folder / TRIALS, trials)
    notes = [f"{r.subject}, {r.name}: {note}" for r in recordings for note in r.notes]
    description: dict[str, Any] = {
        "pictures": None if pictures is None else str(pictures),
        "notes": notes,
        "audit": [vars(row) for row in audit],
    }
    write_json(folder / DESCRIPTION, description)
    return trials


def read_seen(folder: Path) -> tuple[pd.DataFrame, Path | None]:
    """Return every presentation with its part, and the folder of the pictures."""
    pictures = read_json(folder / DESCRIPTION)["pictures"]
    return pd.read_parquet(folder / TRIALS), None if pictures is None else Path(pictures)


def read_audit(folder: Path) -> list[AuditRow]:
    """Return the audit of the split."""
    rows = read_json(folder / DESCRIPTION)["audit"]
    return [AuditRow(**{**row, "examples": tuple(row["examples"])}) for row in rows]


def _pictures_of(recordings: Sequence[Viewing]) -> Path | None:
    """Return the one folder of picture files."""
    folders = sorted({str(r.pictures.resolve()) for r in recordings if r.pictures is not None})
    if len(folders) > 1:
        raise DataFault(f"pictures in {len(folders)} folders: {', '.join(folders)}",
                        fix="keep the pictures of a study in one folder")  # fmt: skip
    return Path(folders[0]) if folders else None


def optimal_of(root: Path, settings: ViewingSignals) -> Any:
    """Return a function from test windows and candidates to the optimal decoder's scores.

    Parameters
    ----------
    root : Path
        Folder of the simulated data set.
    settings : ViewingSignals
    """
    from neurodecode.datasets.simulate.viewing_optimal import optimal_scores

    def scores(windows: pd.DataFrame, candidates: Sequence[str]) -> Any:
        found = np.zeros((len(windows), len(candidates)))
        for participant, rows in windows.groupby("participant").indices.items():
            found[rows] = optimal_scores(
                root, str(participant), windows.iloc[rows], candidates,
                tmin=settings.tmin, tmax=settings.tmax,
            )  # fmt: skip
        return found

    return scores
