"""Whether a folder is a BIDS data set, and where else the one that is meant may lie."""

from __future__ import annotations

from pathlib import Path

from neurodecode.datasets.bids import bids_subjects
from neurodecode.faults import ConfigFault, DataFault, nearest
from neurodecode.own_data.survey import Study, require_folder

DESCRIPTION = "dataset_description.json"


def subjects_of(study: Study) -> tuple[str, ...]:
    """Return the labels of the subjects that are meant: all, or those of ``data.subjects``.

    Raises
    ------
    DataFault
        If the folder is absent, empty or no BIDS data set, with the folder that may be meant; or a
        subject is not in it, with the nearest one.
    """
    require_folder(study.folder)
    if not any(study.folder.glob("sub-*/")):
        raise not_bids(study.folder)
    labels = bids_subjects(study.folder)
    wanted = study.data.get("subjects", "all")
    if wanted in ("all", None):
        return labels
    chosen = [wanted] if isinstance(wanted, str | int) else wanted
    return tuple(_known(str(label), labels, study.folder) for label in chosen)


def not_bids(folder: Path) -> DataFault:
    """Return the fault of a folder without subjects, with the one that may be meant."""
    above = next((parent for parent in folder.parents if _is_root(parent)), None)
    below = next((child for child in _candidates(folder) if any(child.glob("sub-*/"))), None)
    meant = below or above
    fix = f"is {meant} meant?" if meant else "give the folder that has sub-LABEL folders"
    return DataFault("no sub-* folder, not a BIDS data set", where=str(folder), fix=fix)


def description_note(folder: Path) -> tuple[str, ...]:
    """Return a note where the file is missing that says what a BIDS data set is."""
    if (folder / DESCRIPTION).is_file():
        return ()
    return (f"no {DESCRIPTION} in the folder: read by its file names, as BIDS has them",)


def choose_task(study: Study, counts: dict[str, int]) -> str | None:
    """Return the task that is meant: that of the settings, or the only one.

    Parameters
    ----------
    counts : dict
        Recordings by task.

    Raises
    ------
    ConfigFault
        If there are several and none is chosen, or the chosen one is not there.
    """
    wanted = study.data.get("task", study.options.get("task"))
    listed = ", ".join(f"{task} ({n} recordings)" for task, n in sorted(counts.items()))
    if wanted is None:
        if len(counts) < 2:
            return None
        first = max(counts, key=lambda task: (counts[task], task))
        raise ConfigFault(f"{len(counts)} tasks: {listed}", where=str(study.folder),
                          fix=f"choose one, as --set data.task={first}")  # fmt: skip
    if not isinstance(wanted, str) or wanted in counts:
        return wanted if isinstance(wanted, str) else None
    guess = nearest(wanted, counts)
    raise ConfigFault(f"no recording of task '{wanted}', there are: {listed or 'none'}",
                      where=str(study.folder),
                      fix=f"did you mean '{guess}'?" if guess else "")  # fmt: skip


def _candidates(folder: Path) -> list[Path]:
    children = sorted(path for path in folder.iterdir() if path.is_dir())
    derived = sorted(path for path in folder.glob("derivatives/*") if path.is_dir())
    return children + derived


def _is_root(folder: Path) -> bool:
    return (folder / DESCRIPTION).is_file() or any(folder.glob("sub-*/"))


def _known(label: str, labels: tuple[str, ...], folder: Path) -> str:
    name = label.removeprefix("sub-")
    if name in labels:
        return name
    guess = nearest(name, labels)
    hint = f"did you mean '{guess}'?" if guess else f"it has {', '.join(labels[:10])}"
    raise DataFault(f"no subject '{name}'", where=str(folder), fix=hint)
