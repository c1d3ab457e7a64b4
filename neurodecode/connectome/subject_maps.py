"""The maps of many subjects on disk, computed once: a run that was stopped goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sized
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurodecode.artefacts import atomic_path, read_json, sha256_file, sha256_text, write_json
from neurodecode.connectome.graph import VoxelGraph, voxel_graphs
from neurodecode.connectome.groups import check_subjects
from neurodecode.connectome.maps import (
    DISTANCE_EDGES,
    clustering_map,
    degree_map,
    distance_degree_maps,
    weight_map,
    weighted_triangle_map,
)
from neurodecode.connectome.progress import told
from neurodecode.connectome.triangles import three_cycle_map
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from neurodecode.connectome.series import VoxelSeries

Maps = dict[str, NDArray[np.float32]]
FEATURES = ("degree", "distance_degree", "three_cycles", "weight", "clustering",
            "weighted_triangles")  # fmt: skip
SOURCES = ("bits", "compiled", "correlation", "graph", "maps", "series", "subject_maps",
           "triangles")  # fmt: skip


@dataclass(frozen=True)
class MapSettings:
    """What is computed for each subject.

    Attributes
    ----------
    thetas, densities : tuple of float
        As in :func:`~neurodecode.connectome.graph.voxel_graphs`.
    features : tuple of str
        Of :data:`FEATURES`.
    edges : tuple of float
        Distance bins in mm.
    """

    thetas: tuple[float, ...] = ()
    densities: tuple[float, ...] = ()
    features: tuple[str, ...] = ("degree", "three_cycles")
    edges: tuple[float, ...] = DISTANCE_EDGES

    def __post_init__(self) -> None:
        for name in self.features:
            if name not in FEATURES:
                raise ConfigFault(unknown("feature", name, FEATURES))


def network_maps(series: VoxelSeries, settings: MapSettings, *, n_jobs: int = 1) -> Maps:
    """Compute all maps of one subject, all thresholds in one pass.

    Parameters
    ----------
    series : VoxelSeries
    settings : MapSettings
    n_jobs : int, default=1
        Threads of the triangle engine.

    Returns
    -------
    dict of str to ndarray of float32
        By "three_cycles theta 0.7" or "degree density 0.01"; shape (n_voxels,), or
        (n_bins, n_voxels) for "distance_degree". Counts above 2^24 are rounded to 24 bits.
    """
    graphs = voxel_graphs(series, thetas=settings.thetas, densities=settings.densities)
    names = [f"theta {theta:g}" for theta in settings.thetas]
    names += [f"density {density:g}" for density in settings.densities]
    return {
        f"{feature} {name}": values.astype(np.float32)
        for name, graph in zip(names, graphs, strict=True)
        for feature, values in _features(graph, settings, n_jobs).items()
    }


def _features(graph: VoxelGraph, settings: MapSettings, n_jobs: int) -> dict[str, NDArray[Any]]:
    wanted = settings.features
    cycles = (
        three_cycle_map(graph, n_jobs=n_jobs)
        if {"three_cycles", "clustering"} & set(wanted)
        else np.zeros(0, dtype=np.int64)
    )
    makers: dict[str, Callable[[], NDArray[Any]]] = {
        "degree": lambda: degree_map(graph),
        "distance_degree": lambda: distance_degree_maps(graph, settings.edges),
        "three_cycles": lambda: cycles,
        "weight": lambda: weight_map(graph),
        "clustering": lambda: clustering_map(degree_map(graph), cycles),
        "weighted_triangles": lambda: weighted_triangle_map(graph),
    }
    return {name: makers[name]() for name in wanted}


@dataclass(frozen=True)
class SubjectMapStore:
    """A folder with one file of maps and one manifest per subject.

    Attributes
    ----------
    folder : path
    settings : MapSettings
    """

    folder: Path
    settings: MapSettings = field(default_factory=MapSettings)

    def compute(
        self,
        subjects: Iterable[tuple[str, VoxelSeries]],
        *,
        n_jobs: int = 1,
        progress: Callable[[str, bool], None] | bool | None = None,
    ) -> list[str]:
        """Compute and save the maps of the subjects that are not there yet.

        A subject is there if its file is whole and its manifest has the key of the same courses,
        settings and code.

        Parameters
        ----------
        subjects : iterable of (str, VoxelSeries)
            Read one at a time.
        n_jobs : int, default=1
        progress : callable or bool, optional
            Called with (subject, whether it was computed) after each; True draws a bar on a
            terminal.

        Returns
        -------
        list of str
            The subjects, in order.

        Raises
        ------
        DataFault
            If a subject comes twice.
        """
        done: list[str] = []
        total = len(subjects) if isinstance(subjects, Sized) else 0
        with told(progress is True, "maps of subjects") as bar:
            for subject, series in subjects:
                check_subjects([*done, subject])
                key = maps_key(series, self.settings)
                missing = not self.has(subject, key)
                if missing:
                    self._write(subject, key, series, n_jobs)
                done.append(subject)
                bar(len(done), total)
                if callable(progress):
                    progress(subject, missing)
        return done

    def has(self, subject: str, key: str) -> bool:
        """Return whether the subject's maps are there, whole and of this key."""
        try:
            manifest = read_json(self._path(subject, "json"))
            same = manifest["key"] == key
            return same and sha256_file(self._path(subject, "npz")) == manifest["sha256"]
        except (DataFault, OSError, KeyError, TypeError):
            return False  # what is damaged is computed again

    def matrix(self, subjects: Sequence[str], name: str) -> NDArray[np.float32]:
        """Stack one map of many subjects, shape (n_subjects, n_values).

        Parameters
        ----------
        subjects : sequence of str
        name : str
            As "three_cycles theta 0.7"; the bins of distance degrees follow one another.

        Raises
        ------
        DataFault
            If a subject is given twice, is absent or damaged, lacks the map, or has another number
            of voxels.
        """
        check_subjects(subjects)
        rows = [self._read(subject, name).ravel() for subject in subjects]
        for subject, row in zip(subjects, rows, strict=True):
            if row.size != rows[0].size:
                raise DataFault(
                    f"{row.size} values, subject {subjects[0]} has {rows[0].size}",
                    where=f"subject {subject}",
                    fix="use one mask for all subjects",
                )
        return np.stack(rows)

    def _write(self, subject: str, key: str, series: VoxelSeries, n_jobs: int) -> None:
        maps = network_maps(series, self.settings, n_jobs=n_jobs)
        path = self._path(subject, "npz")
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.savez(file, **maps)  # type: ignore[arg-type]
        manifest = {
            "subject": subject, "key": key, "sha256": sha256_file(path), "dtype": "float32",
            "courses": _courses_hash(series), "mask": _mask_hash(series),
            "n_voxels": len(series.courses), "n_times": series.courses.shape[1],
            "set_aside": series.set_aside, "maps": list(maps), **asdict(self.settings),
        }  # fmt: skip
        write_json(self._path(subject, "json"), manifest)

    def _read(self, subject: str, name: str) -> NDArray[np.float32]:
        path = self._path(subject, "npz")
        manifest = read_json(self._path(subject, "json"))
        if not path.is_file() or sha256_file(path) != manifest["sha256"]:
            raise DataFault("the maps are not those that were written", where=str(path),
                            fix="compute them again")  # fmt: skip
        with np.load(path, allow_pickle=False) as maps:
            if name not in maps:
                raise DataFault(unknown("map", name, maps.files), where=f"subject {subject}")
            return np.asarray(maps[name])

    def _path(self, subject: str, suffix: str) -> Path:
        if not subject.replace("-", "").replace("_", "").isalnum():
            raise DataFault(f"the subject name {subject!r} cannot be a file's name",
                            fix="use letters, digits, - and _")  # fmt: skip
        return self.folder / f"sub-{subject.removeprefix('sub-')}_maps.{suffix}"


def maps_key(series: VoxelSeries, settings: MapSettings) -> str:
    """Hash what the maps depend on: courses, coordinates, settings and this room's code."""
    folder = Path(__file__).parent
    parts = [_courses_hash(series), _mask_hash(series)]
    parts += [json.dumps(asdict(settings), sort_keys=True)]
    parts += [sha256_text((folder / f"{name}.py").read_text("utf-8")) for name in SOURCES]
    return sha256_text("\n".join(parts))


def _courses_hash(series: VoxelSeries) -> str:
    head = f"{series.courses.shape} ".encode()
    return hashlib.sha256(head + series.courses.tobytes()).hexdigest()


def _mask_hash(series: VoxelSeries) -> str:
    """Hash the voxels' places, equal for all subjects of one mask."""
    if series.coordinates is None:
        return "none"
    return hashlib.sha256(np.ascontiguousarray(series.coordinates).tobytes()).hexdigest()
