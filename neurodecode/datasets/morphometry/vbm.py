"""Grey-matter maps of OASIS-1 as measures: regional means of an atlas, where FreeSurfer is not.

In the layout of nilearn's ``fetch_oasis_vbm``: ``nilearn/oasis1/OAS1_0001_MR1/mwrc1OAS1_0001_MR1_
mpr_anon_fslswapdim_bet.nii.gz`` (modulated grey matter in a common space, ``mwc1`` without
DARTEL) and ``oasis_cross-sectional.csv``. An atlas is an image of labels in the same space, at any
resolution: it is brought to the maps' voxels by the nearest neighbour.
"""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from neurodecode.datasets.csv_tables import read_csv
from neurodecode.datasets.morphometry.covariates import join_covariates
from neurodecode.datasets.morphometry.names import SUBJECT
from neurodecode.datasets.morphometry.oasis import read_oasis1
from neurodecode.datasets.nilearn import FOLDER, nilearn_fetcher
from neurodecode.datasets.sniff import sniff
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Statistic = Literal["mean", "volume"]
STATISTICS: tuple[str, ...] = ("mean", "volume")
ATLASES = {"harvard-oxford": "fetch_atlas_harvard_oxford", "aal": "fetch_atlas_aal"}
"""Atlases that nilearn fetches, by name."""

_OPTIONS = {"harvard-oxford": {"atlas_name": "cort-maxprob-thr25-2mm", "symmetric_split": True}}
_BACKGROUND = ("background", "0")


def read_table(
    root: Path,
    *,
    atlas: str = "harvard-oxford",
    labels: Sequence[str] | None = None,
    statistic: Statistic = "mean",
    minimum_age: float = 60.0,
) -> pd.DataFrame:
    """Read the subject table: CDR > 0 against 0, with grey matter by region.

    Parameters
    ----------
    root : Path
        Data root or any folder below which ``oasis1`` lies.
    atlas : str, default "harvard-oxford"
        A label image (``.nii``, ``.nii.gz``), or one of :data:`ATLASES`, which nilearn fetches.
    labels : sequence of str, default None
        Names of the image's labels in the order of their numbers, without the background; None
        takes a table ``<image>.csv`` with ``index`` and ``name`` beside it, else ``label1`` ...
    statistic : {"mean", "volume"}, default "mean"
        Mean of the modulated map over the region (``..._density``); or its sum times the volume
        of a voxel, the grey-matter volume in mm3 (``..._volume``).
    minimum_age : float, default 60.0
        See :func:`~neurodecode.datasets.morphometry.oasis.read_oasis1`.

    Returns
    -------
    DataFrame
        As :func:`~neurodecode.datasets.morphometry.oasis.read_oasis1`, with the regions' measures
        in the place of ``brain_volume``.

    Raises
    ------
    ConfigFault
        If atlas or statistic is unknown.
    DataFault
        If there is no map, an image is broken, maps differ in their voxels, or no voxel of a map
        lies in a region.
    """
    if statistic not in STATISTICS:
        raise ConfigFault(unknown("statistic", statistic, STATISTICS))
    folder = _folder(Path(root))
    people = read_oasis1(folder, minimum_age=minimum_age).drop(columns="brain_volume")
    maps = {name: path for name, path in _maps(folder).items() if name in people.index}
    if not maps:
        raise DataFault("no map of anybody in the table", where=str(folder),
                        fix="see `neurodecode data info oasis-vbm`")  # fmt: skip
    measures = regional_grey_matter(maps, *load_atlas(atlas, labels), statistic=statistic)
    return join_covariates(measures, people, where=str(folder))


def regional_grey_matter(
    maps: dict[str, Path], image: Any, names: dict[int, str], *, statistic: Statistic = "mean"
) -> pd.DataFrame:
    """Average maps over the regions of an atlas.

    Parameters
    ----------
    maps : dict of str to Path
        Map by subject; all have the same voxels.
    image : Nifti1Image
        Labels, whole numbers.
    names : dict of int to str
        Region by label; others are left out.
    statistic : {"mean", "volume"}, default "mean"

    Returns
    -------
    DataFrame
        Index ``subject``, ``<region>_density`` or ``<region>_volume`` (mm3).

    Raises
    ------
    DataFault
        See :func:`read_table`.
    """
    first = _load(next(iter(maps.values())))
    regions = _on_grid(image, first)
    flat = regions.ravel()
    counts = np.bincount(flat, minlength=max(names) + 1)
    present = [label for label in names if counts[label]]
    if not present:
        raise DataFault("no voxel of the maps lies in a region of the atlas",
                        fix="take an atlas in the space of the maps (MNI)")  # fmt: skip
    voxel = abs(float(np.linalg.det(first.affine[:3, :3])))
    rows = []
    for subject, path in maps.items():
        sums = np.bincount(flat, _values(path, first, subject).ravel(), len(counts))
        values = sums * voxel if statistic == "volume" else sums / np.maximum(counts, 1)
        rows.append(values[present])
    kind = "volume" if statistic == "volume" else "density"
    columns = [f"{names[label]}_{kind}" for label in present]
    return pd.DataFrame(rows, index=pd.Index(maps, name=SUBJECT), columns=columns)


def load_atlas(atlas: str, labels: Sequence[str] | None = None) -> tuple[Any, dict[int, str]]:
    """Return an atlas as image and names by label.

    Raises
    ------
    ConfigFault
        If it is neither a file nor one of :data:`ATLASES`, with the nearest one.
    DataFault
        If there are more labels in the image than names.
    """
    if atlas in ATLASES:
        fetched = nilearn_fetcher(ATLASES[atlas])(**_OPTIONS.get(atlas, {}), verbose=0)
        image = fetched.maps if hasattr(fetched.maps, "shape") else _load(Path(fetched.maps))
        numbers = getattr(fetched, "indices", None) or range(len(fetched.labels))
        named = zip(map(int, numbers), map(str, fetched.labels), strict=False)
        return image, {k: _spelt(name) for k, name in named if name.lower() not in _BACKGROUND}
    path = Path(atlas).expanduser()
    if not path.is_file():
        raise ConfigFault(unknown("atlas", atlas, ATLASES), fix="or give a label image")
    image = _load(path)
    numbers = [int(value) for value in np.unique(_labels(image, path)) if value > 0]
    return image, _named(numbers, labels, path)


def _named(numbers: list[int], labels: Sequence[str] | None, path: Path) -> dict[int, str]:
    beside = path.with_name(path.name.removesuffix(".gz").removesuffix(".nii") + ".csv")
    if labels is None and beside.is_file():
        table = read_csv(beside).set_index("index")["name"]
        return {k: _spelt(str(table[k])) for k in numbers if k in table.index}
    if labels is None:
        return {number: f"label{number}" for number in numbers}
    if len(labels) < len(numbers):
        what = f"{len(numbers)} labels and {len(labels)} names"
        raise DataFault(what, where=str(path), fix="name each label")
    return {number: _spelt(name) for number, name in zip(numbers, labels, strict=False)}


def _folder(root: Path) -> Path:
    candidates = (root / "oasis1", root / FOLDER / "oasis1", root.parent / FOLDER / "oasis1", root)
    for folder in candidates:
        if any(folder.glob("OAS1_*")):
            return folder
    raise DataFault("no folder oasis1 with OAS1_0001_MR1 ...", where=str(root),
                    fix="run `neurodecode data fetch oasis-vbm`")  # fmt: skip


def _maps(folder: Path) -> dict[str, Path]:
    """Return grey-matter maps by subject; those of DARTEL where both are there."""
    for start in ("mwrc1", "mwc1"):
        paths = sorted(folder.glob(f"OAS1_*_MR1/{start}OAS1_*_MR1_*.nii*"))
        if paths:
            return {path.parent.name.removesuffix("_MR1"): path for path in paths}
    return {}


def _load(path: Path) -> Any:
    import nibabel as nib

    sniff(path)
    try:
        return nib.load(path)
    except Exception as error:
        raise DataFault(f"not an image: {error}", where=str(path), fix="fetch it again") from error


def _labels(image: Any, path: Path | str) -> NDArray[np.int64]:
    values = np.asanyarray(image.dataobj)
    if values.dtype.kind == "f" and not np.array_equal(values, np.round(values)):
        raise DataFault("an atlas of labels has whole numbers", where=str(path))
    return values.astype(np.int64)


def _on_grid(image: Any, reference: Any) -> NDArray[np.int64]:
    from nilearn.image import resample_to_img

    if image.shape[:3] == reference.shape[:3] and np.allclose(image.affine, reference.affine):
        return _labels(image, "atlas")
    moved = resample_to_img(
        image, reference, interpolation="nearest", force_resample=True, copy_header=True
    )
    return np.round(np.asanyarray(moved.dataobj)).astype(np.int64)


def _values(path: Path, reference: Any, subject: str) -> NDArray[np.float64]:
    """Return a map's grey matter; what is no number counts as none, as outside the brain."""
    image = _load(path)
    if image.shape != reference.shape or not np.allclose(image.affine, reference.affine):
        raise DataFault(f"subject {subject}: other voxels than the first map", where=str(path),
                        fix="take all maps of one version")  # fmt: skip
    try:
        values = np.asarray(image.dataobj, dtype=float)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        what, fix = f"the image is cut short: {error}", "fetch it again"
        raise DataFault(what, where=str(path), fix=fix) from error
    return np.nan_to_num(values, posinf=0.0, neginf=0.0)


def _spelt(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
