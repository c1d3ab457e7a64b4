"""Your own study: BIDS derivatives as fMRIPrep writes them, and participants.tsv.

Below the folder, for every subject::

    sub-X[/ses-Y]/func/sub-X[_ses-Y]_task-rest[_run-N]_space-S[_res-R]_desc-preproc_bold.nii.gz
                       ..._space-S[_res-R]_desc-brain_mask.nii.gz
                       sub-X[_ses-Y]_task-rest[_run-N]_desc-confounds_timeseries.tsv

and ``participants.tsv`` in the folder or the one that holds it. Confounds are chosen by
:func:`nilearn.interfaces.fmriprep.load_confounds` and taken out by the masker; a volume that it
leaves out (not yet steady state) gets a regressor of its own, which makes it 0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from neurodecode.datasets.bids_recordings import require_subject
from neurodecode.datasets.bids_tables import read_table
from neurodecode.datasets.local_files import PARTICIPANTS, participants_files
from neurodecode.datasets.resting.adhd200 import known_numbers, require_columns, sexes
from neurodecode.datasets.resting.phenotypes import phenotype_table
from neurodecode.datasets.resting.recording import RestingScan
from neurodecode.datasets.resting.runs import RunImage, read_run
from neurodecode.faults import ConfigFault, DataFault, nearest, unknown

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

SUFFIX = "_desc-preproc_bold.nii.gz"
MOTION = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")
STRATEGIES = ("motion", "wm_csf", "high_pass", "global_signal", "compcor", "ica_aroma")
"""Parts of a strategy; scrubbing changes the number of volumes and is left out."""
CONTROLS = ("0", "control", "controls", "hc", "td", "tdc", "healthy", "typical")
ONE_SITE = "one"


def read_recordings(
    root: Path,
    subject: str,
    *,
    task: str = "rest",
    space: str | None = None,
    strategy: Sequence[str] = ("motion", "wm_csf", "high_pass"),
    motion_model: Literal["basic", "power2", "derivatives", "full"] = "basic",
    t_r: float | None = None,
) -> list[RestingScan]:
    """Read the runs of one subject.

    Parameters
    ----------
    root : Path
        Folder of the derivatives.
    subject : str
        Label, with or without ``sub-``.
    task : str, default "rest"
    space : str, optional
        Template, as "MNI152NLin2009cAsym"; needed where there are several.
    strategy : sequence of str, default ("motion", "wm_csf", "high_pass")
        What is regressed out, of :data:`STRATEGIES`; empty for nothing.
    motion_model : {"basic", "power2", "derivatives", "full"}, default "basic"
        6, 12, 12 or 24 motion regressors.
    t_r : float, optional
        Repetition time, s; by default that of the sidecar, else of the header.

    Returns
    -------
    list of RestingScan
        By session and run, with mask, motion and confounds.

    Raises
    ------
    ConfigFault
        If a part of the strategy is unknown.
    DataFault
        If there is no such subject or run, spaces are several, or a file is missing or broken.
    """
    for part in strategy:
        if part not in STRATEGIES:
            raise ConfigFault(unknown("part of the strategy", part, STRATEGIES))
    label = require_subject(Path(root), subject)
    scans, paths = [], find_runs(Path(root), label, task, space)
    for name, path in zip(_run_labels(paths), paths, strict=True):
        run = read_run(path)
        confounds, notes = _confounds(path, run, strategy, motion_model)
        scan = RestingScan(
            label, name, t_r or _sidecar_t_r(path) or run.t_r, image=path, mask=mask_of(path),
            motion=_motion(path, run.n_times), confounds=confounds, notes=run.notes + notes,
        )  # fmt: skip
        scans.append(scan)
    return scans


def read_phenotypes(
    root: Path,
    *,
    group: str = "group",
    controls: Sequence[str] = CONTROLS,
    site: str = "site",
) -> pd.DataFrame:
    """Read ``participants.tsv``.

    Parameters
    ----------
    root : Path
    group : str, default "group"
        Column that tells cases from controls.
    controls : sequence of str
        Its entries that mean control, whatever their case; by default "control", "hc", "td", ...
        "n/a" is unknown and everything else a case.
    site : str, default "site"
        Column of the site; without it all are of one.

    Returns
    -------
    DataFrame
        As :func:`~neurodecode.datasets.resting.phenotypes.phenotype_table`.

    Raises
    ------
    DataFault
        If there is no table, no such column, no control, or a subject has two rows.
    """
    path = participants_table(Path(root))
    table = read_table(path)
    require_columns(table, ("participant_id", group), where=str(path))
    entry = table[group].str.strip().str.lower()
    is_control = entry.isin([word.lower() for word in controls])
    if not is_control.any():
        found = ", ".join(map(str, table[group].dropna().unique()[:10]))
        raise DataFault(f"no control in column '{group}', which has {found}", where=str(path),
                        fix="name the controls: options={controls: [...]}")  # fmt: skip
    columns: dict[str, Any] = {
        "group": (1.0 - is_control).where(entry.notna()),
        "dx": table[group],
        "site": table[site] if site in table else [ONE_SITE] * len(table),
        "sex": sexes(table["sex"].fillna("")) if "sex" in table else None,
    }
    numeric = ("age", "handedness", "verbal_iq", "performance_iq", "full_iq")
    given = {name: values for name, values in columns.items() if values is not None}
    given |= {name: known_numbers(table, name) for name in numeric}
    labels = table["participant_id"].str.removeprefix("sub-")
    return phenotype_table(labels, given, where=str(path))


def brain_mask(root: Path, *, mask: str | None = None) -> Path | None:
    """Return a mask of all images, by its path below ``root``; None leaves each run its own.

    Raises
    ------
    DataFault
        If there is no such file.
    """
    if mask is None:
        return None
    path = Path(root) / mask
    if not path.is_file():
        raise DataFault("mask not found", where=str(path))
    return path


def preprocessed(root: Path, subject: str = "*") -> list[Path]:
    """Return all preprocessed runs below the derivatives of a subject, or of everybody."""
    return sorted(root.glob(f"sub-{subject}/**/func/sub-{subject}_*{SUFFIX}"))


def find_runs(root: Path, subject: str, task: str, space: str | None) -> list[Path]:
    """Return the preprocessed runs of a task, by session and run.

    Raises
    ------
    DataFault
        If there is none, with those that there are, or they are in several spaces.
    """
    present = preprocessed(root, subject)
    found = [
        path
        for path in present
        if entity(path, "task") == task and space in (None, entity(path, "space"))
    ]
    if not found:
        have = ", ".join(path.name for path in present[:5]) or "none"
        what = f"no preprocessed run of task '{task}'" + (f" in space '{space}'" if space else "")
        raise DataFault(what, where=f"{root}, subject {subject}", fix=f"there is {have}")
    grids = sorted({f"{entity(path, 'space')} {entity(path, 'res')}".strip() for path in found})
    if len(grids) > 1:
        what = f"runs in several spaces: {', '.join(grids)}"
        fix = "choose one, options={space: ...}"
        raise DataFault(what, where=f"{root}, subject {subject}", fix=fix)
    return sorted(found, key=_session_and_run)


def _session_and_run(path: Path) -> tuple[str, int, str]:
    return entity(path, "ses"), int(entity(path, "run") or 1), path.name


def _run_labels(paths: Sequence[Path]) -> list[str]:
    """Return "1", "2", ..., with the session before them where there are several."""
    runs = [entity(path, "run").lstrip("0") or "1" for path in paths]
    sessions = [entity(path, "ses") for path in paths]
    if len(set(sessions)) == 1:
        return runs
    return [f"session-{session}_{run}" for session, run in zip(sessions, runs, strict=True)]


def entity(path: Path, name: str) -> str:
    """Return what a file name says after ``_NAME-``, "" where it says nothing."""
    found = re.search(rf"_{name}-([a-zA-Z0-9]+)_", path.name)
    return found.group(1) if found else ""


def _confounds(
    path: Path, run: RunImage, strategy: Sequence[str], motion_model: str
) -> tuple[NDArray[np.float64] | None, tuple[str, ...]]:
    """Return the chosen confounds, and regressors of the volumes that are left out."""
    if not strategy:
        return None, ()
    from nilearn.interfaces.fmriprep import load_confounds

    try:
        chosen, kept = load_confounds(str(path), strategy=tuple(strategy), motion=motion_model)
    except ValueError as error:
        raise DataFault(f"confounds cannot be chosen: {error}", where=str(path),
                        fix="change the strategy, or run fMRIPrep again") from error  # fmt: skip
    values = chosen.to_numpy(float)
    if len(values) != run.n_times:
        what = f"{len(values)} rows of confounds for {run.n_times} volumes"
        raise DataFault(what, where=str(path), fix="take image and confounds of one run")
    if kept is None or len(kept) == run.n_times:
        return values, ()
    left_out = np.setdiff1d(np.arange(run.n_times), kept)
    alone = (np.arange(run.n_times)[:, None] == left_out).astype(float)
    return np.hstack([values, alone]), (f"{len(left_out)} volumes are not steady state, set to 0",)


def confounds_of(path: Path) -> Path:
    """Return where the confounds of a preprocessed run lie, whether they are there or not."""
    stem = re.sub(r"_(space|res)-.*|_desc-preproc_.*", "", path.name)
    return path.with_name(f"{stem}_desc-confounds_timeseries.tsv")


def _motion(path: Path, n_times: int) -> NDArray[np.float64] | None:
    table = confounds_of(path)
    if not table.is_file():
        return None
    confounds = read_table(table)
    if not set(MOTION) <= set(confounds) or len(confounds) != n_times:
        return None
    return confounds[list(MOTION)].astype(float).to_numpy()


def mask_of(path: Path) -> Path | None:
    """Return the brain mask beside a preprocessed run, None where there is none."""
    mask = path.with_name(path.name.replace(SUFFIX, "_desc-brain_mask.nii.gz"))
    return mask if mask.is_file() else None


def _sidecar_t_r(path: Path) -> float | None:
    sidecar = path.with_name(path.name.replace(".nii.gz", ".json"))
    if not sidecar.is_file():
        return None
    try:
        content: Any = json.loads(sidecar.read_text("utf-8"))
    except ValueError as error:
        raise DataFault(f"not a JSON file: {error}", where=str(sidecar)) from error
    found = content.get("RepetitionTime") if isinstance(content, dict) else None
    return float(found) if found is not None else None


def participants_table(root: Path) -> Path:
    """Return ``participants.tsv`` of a folder or of the two above, or raise DataFault."""
    for path in participants_files(root):
        return path
    have = [file.name for file in root.glob("*.tsv")]
    guess = nearest(PARTICIPANTS, have)
    fix = f"is '{guess}' meant?" if guess else "write one, see the BIDS specification"
    raise DataFault(f"no {PARTICIPANTS}", where=str(root), fix=fix)
