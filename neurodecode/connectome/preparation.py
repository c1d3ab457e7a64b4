"""From scans to network maps: several people per store, each kept as soon as it is done."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import atomic_path, write_json, write_parquet
from neurodecode.connectome.series import VoxelSeries
from neurodecode.connectome.subject_maps import MapSettings, SubjectMapStore
from neurodecode.connectome.triangles import pick_engine
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from neurodecode.connectome.config_scans import MapSection, ScanSection
    from neurodecode.datasets.resting.recording import RestingScan

    Floats = NDArray[np.float32]

MAPS, TABLE, COURSES, VECTORS = "maps", "people.parquet", "courses.npz", "vectors.npz"
PARCEL_SEED = 0


def prepare_people(
    folder: Path,
    people: pd.DataFrame,
    scans_of: Callable[[str], list[RestingScan]],
    mask: Path | None,
    scans: ScanSection,
    maps: MapSection,
) -> dict[str, Any]:
    """Write one store: maps, region courses, ready vectors and a row per person.

    Parameters
    ----------
    folder : Path
    people : DataFrame
        Rows of :class:`~neurodecode.connectome.people.People`.
    scans_of : callable
        Returns the runs of a person, the first one first.
    mask : Path or None
        Brain mask, on the grid of the images after ``scans.voxel_mm``.
    scans, maps : sections of the settings

    Returns
    -------
    dict
        Content of ``store.json``: ``subjects``, ``runs`` by subject, ``n_voxels``, ``regions``,
        ``density`` by threshold, ``engine``, and ``mended`` (what the checks found, by subject).

    Raises
    ------
    DataFault
        If there are several runs and no policy, too few volumes, voxels are constant or NaN, the
        mask has another grid, or people differ in regions; subject and run are named.
    """
    batch = _Batch(scans_of, mask, scans, maps)
    rows = [batch.add(str(row["subject"]), folder / MAPS) for _, row in people.iterrows()]
    measured = pd.DataFrame(rows, index=people.index, columns=list(_Row.__annotations__))
    write_parquet(folder / TABLE, pd.concat([people, measured], axis=1))
    _write_arrays(folder / COURSES, batch.courses)
    _write_arrays(folder / VECTORS, _stacked(batch.vectors))
    info = batch.described(folder / MAPS)
    write_json(folder / "store.json", info)
    return info


@dataclass(frozen=True)
class _Row:
    """What a scan adds to a person's row."""

    n_runs: int
    n_volumes: float
    t_r: float
    mean_fd: float
    max_fd: float
    seconds: float
    content: str


@dataclass
class _Batch:
    """Reads people one after the other; holds what is small."""

    scans_of: Callable[[str], list[RestingScan]]
    mask: Path | None
    scans: ScanSection
    maps: MapSection
    runs: dict[str, list[str]] = field(default_factory=dict)
    courses: dict[str, Floats] = field(default_factory=dict)
    vectors: dict[str, dict[str, Floats]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    regions: tuple[str, ...] = ()
    n_voxels: int | None = None
    parcels: NDArray[np.intp] | None = None

    @property
    def settings(self) -> MapSettings:
        """What is computed of each scan."""
        asked = self.maps
        return MapSettings(asked.thetas, asked.densities, asked.features, asked.edges)

    def add(self, subject: str, folder: Path) -> _Row:
        """Read the runs of a person and compute what is not there yet."""
        scans = self._chosen(subject, self.scans_of(subject))
        began, computed = time.perf_counter(), False
        contents: list[Any] = []
        names: list[str] = []
        for scan in scans:
            if scan.image is None and scan.courses is None:
                continue
            series = self._series(scan)
            contents.append(series.courses)
            names.append(subject if len(scans) == 1 else f"{subject}_run-{scan.run}")
            computed |= self._compute(folder, names[-1], series)
        seconds = time.perf_counter() - began if computed else np.nan
        self._keep(subject, scans, names)
        contents += scans[0].features.values()
        parts = [np.ascontiguousarray(array).tobytes() for array in contents]
        return _row(scans, seconds, hashlib.sha256(b"".join(parts)).hexdigest())

    def described(self, folder: Path) -> dict[str, Any]:
        """Return the content of ``store.json``."""
        density = self._density(folder)
        middle = float(np.median(list(density.values()))) if density else 0.0
        return {
            "subjects": list(self.runs),
            "runs": {subject: names for subject, names in self.runs.items() if names},
            "n_voxels": self.n_voxels,
            "regions": list(self.regions),
            "density": density,
            "engine": pick_engine(self.n_voxels, middle) if self.n_voxels else None,
            "mended": self.notes,
        }

    def _chosen(self, subject: str, scans: list[RestingScan]) -> list[RestingScan]:
        if not scans:
            raise DataFault("no scan", where=f"subject {subject}",
                            fix="choose others with data.subjects")  # fmt: skip
        if len(scans) == 1 or self.scans.runs == "average":
            return scans
        if self.scans.runs == "stop":
            raise DataFault(
                f"{len(scans)} runs ({', '.join(scan.run for scan in scans)})",
                where=f"subject {subject}",
                fix="set scans.runs=first, or scans.runs=average for the mean of their maps",
            )
        return scans[:1]

    def _series(self, scan: RestingScan) -> VoxelSeries:
        options: dict[str, Any] = {
            "bad_voxels": self.scans.bad_voxels, "min_volumes": self.scans.min_volumes,
        }  # fmt: skip
        try:
            if scan.courses is not None:
                series = VoxelSeries.from_regions(scan.courses, names=scan.regions, **options)
            else:
                series = self._image_series(scan, options)
        except DataFault as fault:
            where = f"{scan.label}, {fault.where}".removesuffix(", ")
            raise DataFault(fault.what, where=where, fix=fault.fix) from fault
        self._check_regions(scan)
        self.n_voxels = len(series.courses)
        if series.set_aside.size:
            line = f"run {scan.run}: {series.set_aside.size} constant or NaN voxels without edges"
            self.notes.setdefault(scan.subject, []).append(line)
        self._average_parcels(scan, series)
        return series

    def _image_series(self, scan: RestingScan, options: dict[str, Any]) -> VoxelSeries:
        from neurodecode.connectome.images import image_series

        if self.mask is None:
            raise DataFault("images without a brain mask", where=scan.label,
                            fix="give the data set's option mask")  # fmt: skip
        asked = self.scans
        options = {**options, "low_pass": asked.low_pass, "high_pass": asked.high_pass}
        if asked.low_pass or asked.high_pass:
            options["t_r"] = scan.t_r
            _check_edges(asked, scan)
        return image_series(
            str(scan.image), str(self.mask), confounds=scan.confounds,
            smoothing_fwhm=asked.smoothing_fwhm, detrend=asked.detrend,
            voxel_mm=asked.voxel_mm, **options,
        )  # fmt: skip

    def _check_regions(self, scan: RestingScan) -> None:
        if not scan.regions:
            return
        if self.regions and scan.regions != self.regions:
            raise DataFault(f"{len(scan.regions)} regions, others have {len(self.regions)} or "
                            "other names", where=scan.label,
                            fix="use one atlas for all people")  # fmt: skip
        self.regions = scan.regions

    def _average_parcels(self, scan: RestingScan, series: VoxelSeries) -> None:
        """Keep courses of regions, or of parcels of neighbouring voxels, of the first run."""
        if scan.subject in self.courses:
            return
        if scan.courses is not None:
            self.courses[scan.subject] = scan.courses.astype(np.float32)
        elif self.scans.parcels:
            if self.parcels is None:
                self.parcels = spatial_parcels(series.coordinates, self.scans.parcels)
            count = np.bincount(self.parcels)
            sums = np.zeros((count.size, series.courses.shape[1]), dtype=np.float32)
            np.add.at(sums, self.parcels, series.courses)
            self.courses[scan.subject] = (sums / count[:, None]).T.astype(np.float32)

    def _compute(self, folder: Path, name: str, series: VoxelSeries) -> bool:
        """Compute and save the maps of a run unless they are there; say whether it was needed."""
        settings = self.settings
        if not settings.features or not (settings.thetas or settings.densities):
            return False
        needed: list[bool] = []
        SubjectMapStore(folder, settings).compute(
            [(name, series)], progress=lambda _, missing: needed.append(missing)
        )
        return needed[0]

    def _keep(self, subject: str, scans: Sequence[RestingScan], names: list[str]) -> None:
        self.runs[subject] = names
        for scan in scans:
            self.notes.setdefault(subject, []).extend(scan.notes)
        if not self.notes[subject]:
            del self.notes[subject]
        for feature, vector in scans[0].features.items():
            self.vectors.setdefault(feature, {})[subject] = np.asarray(vector, dtype=np.float32)

    def _density(self, folder: Path) -> dict[str, float]:
        """Return the mean density of the people's graphs by threshold, where degrees are known."""
        names = [name for mine in self.runs.values() for name in mine]
        if "degree" not in self.maps.features or not names or not self.n_voxels:
            return {}
        store = SubjectMapStore(folder, self.settings)
        return {
            threshold: float(store.matrix(names, f"degree {threshold}").mean())
            / max(self.n_voxels - 1, 1)
            for threshold in self.maps.thresholds
        }


def spatial_parcels(coordinates: NDArray[np.float64] | None, n_parcels: int) -> NDArray[np.intp]:
    """Divide voxels into compact parcels by their places alone (k-means).

    Parameters
    ----------
    coordinates : ndarray, shape (n_voxels, 3)
        mm.
    n_parcels : int

    Returns
    -------
    ndarray of int, shape (n_voxels,)
        The same for all people of one mask, since no data are looked at.
    """
    from sklearn.cluster import KMeans

    assert coordinates is not None
    found = KMeans(min(n_parcels, len(coordinates)), n_init=1, random_state=PARCEL_SEED)
    labels: NDArray[np.intp] = found.fit_predict(coordinates)
    return labels


def _row(scans: Sequence[RestingScan], seconds: float, content: str) -> _Row:
    moved = [scan.displacement for scan in scans if scan.displacement is not None]
    steps = np.concatenate([each[1:] for each in moved]) if moved else np.full(1, np.nan)
    lengths = [n for scan in scans if (n := _n_volumes(scan)) is not None]
    return _Row(
        n_runs=len(scans),
        n_volumes=float(np.mean(lengths)) if lengths else np.nan,
        t_r=np.nan if scans[0].t_r is None else scans[0].t_r,
        mean_fd=float(steps.mean()),
        max_fd=float(steps.max()),
        seconds=seconds,
        content=content,
    )


def _n_volumes(scan: RestingScan) -> int | None:
    if scan.courses is not None:
        return len(scan.courses)
    if scan.image is None:
        return None
    from nilearn.image import load_img

    return int(load_img(str(scan.image)).shape[3])


def _stacked(vectors: Mapping[str, Mapping[str, Floats]]) -> dict[str, Floats]:
    """Return the vectors of all people by name, (n_people, n_values), in their order."""
    stacked = {}
    for name, by_subject in vectors.items():
        sizes = {values.size for values in by_subject.values()}
        if len(sizes) > 1:
            raise DataFault(f"{name} has {', '.join(map(str, sorted(sizes)))} values by person",
                            fix="use one atlas for all people")  # fmt: skip
        stacked[name] = np.stack(list(by_subject.values()))
    return stacked


def _write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def stored_arrays(path: Path) -> Iterator[tuple[str, Floats]]:
    """Yield name and array of a file that :func:`prepare_people` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        for name in arrays.files:
            yield name, arrays[name]


def _check_edges(asked: ScanSection, scan: RestingScan) -> None:
    """Raise if a filter edge does not lie below the Nyquist frequency of a scan."""
    if scan.t_r is None:
        return
    nyquist = 0.5 / scan.t_r
    for name in ("low_pass", "high_pass"):
        edge = getattr(asked, name)
        if edge is not None and edge >= nyquist:
            raise DataFault(
                f"{name} of {edge:g} Hz reaches above the Nyquist frequency {nyquist:g} Hz "
                f"(a volume every {scan.t_r:g} s)",
                where=scan.label,
                fix=f"lower scans.{name}",
            )
