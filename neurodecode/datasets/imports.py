"""Lay out recordings that a user already has, so that MOABB's readers find them."""

from __future__ import annotations

import os
import re
import shutil
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from neurodecode.artefacts import atomic_path
from neurodecode.datasets.manifest import (
    Manifest,
    build_manifest,
    manifest_path,
    merge_manifests,
    read_manifest,
    write_manifest,
)
from neurodecode.datasets.paths import data_root
from neurodecode.datasets.presence import absent_files, usable_files
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from neurodecode.datasets.catalog import Card

_EDF = re.compile(r"s(\d{3})r(\d{2})\.edf$", re.IGNORECASE)
_RECORD = re.compile(r"record-\[(.+)\]_raw\.fif$")
_SUBJECT = re.compile(r"subject[-_ ]?(\d+)$", re.IGNORECASE)

# Authors' README of the Kalunga2016 repository: sessions they exclude.
_EXCLUDED = {
    ("8", "2013.04.06-16.22.32"),
    ("10", "2014.02.26-15.10.48"),
    ("10", "2014.02.26-15.50.09"),
    ("11", "2014.02.24-17.56.37"),
    ("11", "2014.02.24-18.02.40"),
}
# The same signal as subject 3's run of that name; it keeps its place in the numbering.
_DUPLICATE = ("7", "2012.07.11-15.33.08")


def import_dataset(card: Card, folder: Path | str, root: Path | None = None) -> Manifest:
    """Bring a folder of recordings into the data root and write the manifest.

    Parameters
    ----------
    card : Card
        Its ``importer`` names the adaptor: "physionetmi", "kalunga2016", or "" for files that
        already have the names on the card.
    folder : Path or str
        Any folder that holds the recordings, at any depth. It is only read.
    root : Path, default None
        Data root; None takes :func:`neurodecode.datasets.data_root`.

    Returns
    -------
    Manifest
        Files the card expects of the imported subjects and that were not found are under
        ``missing``.

    Raises
    ------
    DataFault
        If nothing in the folder belongs to the data set, or a file is broken.
    ConfigFault
        If the card names an unknown adaptor, or is of a data set whose folders must be kept.
    """
    folder, root = Path(folder), root or data_root()
    if card.access == "manual":
        raise ConfigFault(
            f"{card.name} is not imported, its readers need its own folders",
            fix=f"link or move the folder to {root / card.name}, then fetch",
        )
    if not folder.is_dir():
        raise DataFault("folder not found", where=str(folder))
    adaptor = ADAPTORS.get(card.importer)
    if adaptor is None:
        raise ConfigFault(unknown("importer", card.importer, filter(None, ADAPTORS)))
    laid = adaptor(card, folder, root)
    if not laid:
        raise DataFault(f"no file of {card.name} in the folder", where=str(folder), fix=_want(card))
    held = manifest_path(card.name, root).is_file()
    earlier = read_manifest(card.name, root) if held else None
    manifest = merge_manifests(earlier, _manifest(card, root, laid))
    write_manifest(manifest, root)
    return manifest


def import_by_name(card: Card, folder: Path, root: Path) -> dict[str, list[str]]:
    """Place every file whose name the card knows; return paths by subject label."""
    found = {path.name: path for path in sorted(folder.rglob("*")) if path.is_file()}
    laid: dict[str, list[str]] = defaultdict(list)
    for label in card.subjects:
        for name in card.expected(label):
            if Path(name).name in found:
                _place(found[Path(name).name], root / name)
                laid[label].append(name)
    return dict(laid)


def import_physionetmi(card: Card, folder: Path, root: Path) -> dict[str, list[str]]:
    """Place S###R##.edf files (all runs that are there, also executed movement)."""
    pattern = card.files[0].path
    laid: dict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        match = _EDF.fullmatch(path.name)
        if match:
            name = pattern.format(subject=int(match[1]), run=int(match[2]))
            _place(path, root / name)
            laid[str(int(match[1]))].append(name)
    return dict(laid)


def import_kalunga2016(card: Card, folder: Path, root: Path) -> dict[str, list[str]]:
    """Place records numbered by date, each with a stimulus channel made of its events.

    ``subjectNN/record-[DATE]_raw.fif`` with ``record-[DATE]-eve.fif`` becomes
    ``subjectNN_runK_raw.fif``. Sessions the authors exclude are skipped. So is subject 7's run
    that equals subject 3's, but it counts as run 1 whether it is there or not, so that the
    numbers do not depend on the copy. A folder without records may hold the final names.
    """
    laid: dict[str, list[str]] = {}
    inside = [folder, *sorted(path for path in folder.rglob("*") if path.is_dir())]
    for subject in (path for path in inside if _SUBJECT.fullmatch(path.name)):
        label = str(int(_SUBJECT.fullmatch(subject.name)[1]))  # type: ignore[index]
        for run, record in enumerate(_records(subject, label), start=1):
            if record is None:
                continue
            name = card.files[0].path.format(subject=int(label), run=run)
            _write_with_stim(record, root / name)
            laid.setdefault(label, []).append(name)
    return laid or import_by_name(card, folder, root)


ADAPTORS: dict[str, Callable[[Card, Path, Path], dict[str, list[str]]]] = {
    "": import_by_name,
    "physionetmi": import_physionetmi,
    "kalunga2016": import_kalunga2016,
}


def _records(subject: Path, label: str) -> list[Path | None]:
    """Return a subject's records by date; None stands for the known duplicate."""
    by_date: dict[str, Path | None] = {
        match[1]: path
        for path in subject.iterdir()
        if (match := _RECORD.fullmatch(path.name)) and (label, match[1]) not in _EXCLUDED
    }
    if label == _DUPLICATE[0] and by_date:
        by_date[_DUPLICATE[1]] = None
    return [by_date[date] for date in sorted(by_date)]


def _write_with_stim(record: Path, target: Path) -> None:
    """Write a record with the events of its -eve.fif as a stimulus channel."""
    import mne

    events_path = record.with_name(record.name.replace("_raw.fif", "-eve.fif"))
    if not events_path.is_file():
        raise DataFault("events file not found", where=str(events_path))
    raw = mne.io.read_raw_fif(record, preload=True, verbose="ERROR")
    events = mne.read_events(events_path, verbose="ERROR")
    stim = mne.io.RawArray(
        [[0.0] * raw.n_times], mne.create_info(["STI 014"], raw.info["sfreq"], "stim"), verbose=0
    )
    raw.add_channels([stim], force_update_info=True)
    raw.add_events(events, stim_channel="STI 014", replace=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(target) as temporary:
        whole = temporary.with_name(f"{temporary.name}_raw.fif")  # MNE insists on the ending
        try:
            raw.save(whole, overwrite=True, verbose="ERROR")
            whole.replace(temporary)
        finally:
            whole.unlink(missing_ok=True)


def _place(source: Path, target: Path) -> None:
    """Hard-link a file, or copy it where the disk does not allow that; never half."""
    if target.exists() and target.samefile(source):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        with atomic_path(target) as temporary:
            shutil.copyfile(source, temporary)


def _manifest(card: Card, root: Path, laid: dict[str, list[str]]) -> Manifest:
    labels = [label for label in card.subjects if label in laid]
    absent = absent_files(card, labels, root)
    usable = usable_files(card, labels, root)
    everything = {
        label: sorted({*laid[label], *usable[label]}) for label in labels if label in usable
    }
    if not everything:
        shown = ", ".join(name for names in absent.values() for name in names[:10])
        raise DataFault(f"{card.name} is incomplete, missing: {shown}", where=str(root))
    return build_manifest(
        card.name,
        root,
        everything,
        source="import",
        missing=[name for names in absent.values() for name in names],
        expected={name: card.checksum(name) for names in everything.values() for name in names},
    )


def _want(card: Card) -> str:
    label = card.subjects[0] if card.subjects else ""
    names = [Path(name).name for name in card.expected(label)][:3] if label else []
    return f"expected names such as {', '.join(names)}" if names else ""
