"""Who takes part: groups, sites and phenotypes of a cohort, checked before any scan is read."""

from __future__ import annotations

import gzip
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import atomic_path, read_json, write_json, write_parquet
from neurodecode.datasets.catalog import LOCAL
from neurodecode.datasets.fetch import fetch_study
from neurodecode.datasets.loaders import read_subject_of
from neurodecode.datasets.resting import mask_loader, phenotype_loader, resting_loader
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.connectome.config import ADHDConfig
    from neurodecode.datasets.catalog import Card
    from neurodecode.datasets.manifest import Manifest
    from neurodecode.datasets.resting.recording import RestingScan

TABLE, NOTES, MASK = "people.parquet", "people.json", "mask.nii.gz"
NAMED = 10
UNKNOWN_SITE = "unknown"
OWN_MASKS = (LOCAL,)
"""Data sets whose runs have a mask each: what all of them cover is taken."""


@dataclass(frozen=True)
class People:
    """The people of a run.

    Attributes
    ----------
    table : DataFrame
        Columns ``subject``, ``group`` (0, 1), ``dx``, ``site`` and the phenotypes of
        :mod:`neurodecode.datasets.resting.phenotypes`.
    mask : Path or None
        The brain mask that all images share.
    dropped : tuple of str
        People left out for want of a diagnosis.
    """

    table: pd.DataFrame
    mask: Path | None
    dropped: tuple[str, ...] = ()

    def of(self, subjects: Sequence[str]) -> pd.DataFrame:
        """Return the rows of some people, in the table's order."""
        return self.table[self.table["subject"].isin(subjects)].reset_index(drop=True)


def fetch_files(
    config: ADHDConfig, card: Card, subjects: Sequence[str], root: Path
) -> Manifest:  # fmt: skip
    """Bring the files of some people here, of everybody where the card does not name them."""
    named = config.data.path is not None or set(subjects) <= set(card.subjects)
    return fetch_study(config, card, subjects if named else card.subjects, root)


def fetch_people(
    config: ADHDConfig, card: Card, subjects: Sequence[str], root: Path, folder: Path
) -> People:
    """Read the phenotypes, keep the chosen people who have a diagnosis, and write both down.

    Parameters
    ----------
    subjects : sequence of str
        Of the plan.
    root : Path
        Data root.
    folder : Path
        Gets ``people.parquet``, ``people.json`` and the mask, if there is one.

    Raises
    ------
    DataFault
        If a person is not in the table or has no diagnosis (with ``missing_dx: stop``), or there
        are not two groups.
    """
    name, place = _source(config, card, root)
    known = phenotype_loader(name)(place, **config.data.options)
    _require_rows(subjects, known)
    table = known.loc[list(subjects)].reset_index()
    table["site"] = table["site"].astype(object).where(table["site"].notna(), UNKNOWN_SITE)
    undiagnosed = table["group"].isna()
    dropped = tuple(table.loc[undiagnosed, "subject"])
    if dropped and config.data.missing_dx == "stop":
        raise DataFault(
            f"{len(dropped)} of {len(table)} people have no diagnosis", where=_named(dropped),
            fix="set data.missing_dx=drop, or choose others with data.subjects",
        )  # fmt: skip
    table = table[~undiagnosed].reset_index(drop=True)
    table["group"] = table["group"].astype(int)
    _require_groups(table, config)
    write_parquet(folder / TABLE, table)
    mask = mask_loader(name)(place, **config.data.options)
    if mask is not None:
        _write_given_mask(folder / MASK, mask, config.scans.voxel_mm)
    elif name in OWN_MASKS:
        _write_common_mask(folder / MASK, scan_reader(config, card, root), table["subject"],
                           config.scans.voxel_mm)  # fmt: skip
    has_mask = mask is not None or name in OWN_MASKS
    write_json(folder / NOTES, {"dropped": list(dropped), "mask": has_mask})
    return read_people(folder)


def read_people(folder: Path) -> People:
    """Read what :func:`fetch_people` wrote."""
    notes = read_json(folder / NOTES)
    mask = folder / MASK if notes["mask"] else None
    return People(pd.read_parquet(folder / TABLE), mask, tuple(notes["dropped"]))


def scan_reader(config: ADHDConfig, card: Card, root: Path) -> Callable[[str], list[RestingScan]]:
    """Return a function that reads the runs of one person, the first one first."""

    def read(subject: str) -> list[RestingScan]:
        found: list[RestingScan] = read_subject_of(resting_loader, config.data, card, subject, root)
        return found

    return read


def model_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table as models read it: NaN where unknown, handedness as text.

    Sites give handedness as codes (0 left, 1 right, 2 both) or as scores from -1 to 1.
    """
    found = table.copy()
    for name in ("site", "sex"):
        found[name] = table[name].astype(object).where(table[name].notna(), np.nan)
    hand = table["handedness"].to_numpy(float)
    named = np.select([np.isnan(hand), hand == 2, hand > 0], ["", "both", "right"], "left")
    found["handedness"] = np.where(named == "", np.nan, named.astype(object))
    return found


def _source(config: ADHDConfig, card: Card, root: Path) -> tuple[str, Path]:
    if config.data.path is not None:
        return LOCAL, config.data.path
    return card.name, root / card.name


def _require_rows(subjects: Sequence[str], known: pd.DataFrame) -> None:
    absent = [subject for subject in subjects if subject not in known.index]
    if absent:
        raise DataFault(
            f"{len(absent)} of {len(subjects)} people are not in the phenotype table",
            where=_named(absent), fix="add their rows, or choose others with data.subjects",
        )  # fmt: skip


def _require_groups(table: pd.DataFrame, config: ADHDConfig) -> None:
    counts = [int((table["group"] == group).sum()) for group in (0, 1)]
    if min(counts) < 3:
        shown = ", ".join(f"{name}: {n}" for name, n in zip(config.groups, counts, strict=True))
        raise DataFault(f"too few people of a group ({shown})", where=config.data.dataset,
                        fix="choose more with data.subjects, at least 3 of each")  # fmt: skip


def _write_given_mask(path: Path, mask: Path, voxel_mm: float | None) -> None:
    """Keep a mask of all images: its file, or what it is on a coarser grid."""
    if voxel_mm is not None:
        from neurodecode.connectome.voxel_size import resampled_mask

        _write_mask(path, resampled_mask(mask, voxel_mm))
        return
    with atomic_path(path) as temporary:
        shutil.copyfile(mask, temporary)


def _write_common_mask(
    path: Path,
    read: Callable[[str], list[RestingScan]],
    subjects: pd.Series[str],
    voxel_mm: float | None,
) -> None:
    """Intersect the masks of all runs, so that the maps of all people align."""
    from nilearn.image import load_img, new_img_like

    from neurodecode.connectome.voxel_size import resampled_mask

    common: Any = None
    inside: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)
    for scan in (scan for subject in subjects for scan in read(subject)):
        if scan.mask is None:
            raise DataFault("no brain mask", where=scan.label,
                            fix="give one for all: data.options={mask: FILE}")  # fmt: skip
        image = load_img(str(scan.mask))
        if common is None:
            common, inside = image, np.ones(image.shape, dtype=np.bool_)
        if image.shape != common.shape or not np.allclose(image.affine, common.affine, atol=1e-3):
            raise DataFault(
                f"a mask of shape {image.shape} on another grid than the first, {common.shape}",
                where=f"{scan.label}, {scan.mask}", fix="write all people in one space",
            )  # fmt: skip
        inside = np.logical_and(inside, np.asarray(image.dataobj) > 0)
    if common is None or not inside.any():
        raise DataFault("no voxel is in the masks of all people", fix="leave people out")
    _write_mask(path, resampled_mask(new_img_like(common, inside.astype(np.uint8)), voxel_mm))


def _write_mask(path: Path, mask: Any) -> None:
    if not (np.asarray(mask.dataobj) > 0).any():
        raise DataFault("the mask is empty at this voxel size", where="scans.voxel_mm",
                        fix="take a smaller one")  # fmt: skip
    with atomic_path(path) as temporary:
        temporary.write_bytes(gzip.compress(mask.to_bytes(), mtime=0))


def _named(subjects: Sequence[str]) -> str:
    rest = f" and {len(subjects) - NAMED} more" if len(subjects) > NAMED else ""
    return ", ".join(subjects[:NAMED]) + rest
