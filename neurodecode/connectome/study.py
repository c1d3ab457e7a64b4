"""The ``adhd`` pipeline's people with their maps, and how they are divided."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import read_json
from neurodecode.connectome.decoders import LEAK, READY_FEATURES
from neurodecode.connectome.people import model_columns
from neurodecode.connectome.preparation import COURSES, MAPS, TABLE, VECTORS, stored_arrays
from neurodecode.connectome.scalings import scale_maps
from neurodecode.connectome.subject_maps import SubjectMapStore
from neurodecode.evaluation.audit import AuditRow, assert_no_leak, audit_folds, signal_overlap
from neurodecode.evaluation.cohort_splits import TEST, TRAIN, cohort_protocol, split_cohort
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.connectome.config import ADHDConfig
    from neurodecode.connectome.decoders import Decoder
    from neurodecode.evaluation.folds import Fold

READY = "ready"
"""What takes the place of a threshold where a data set brings the vectors."""


@dataclass(frozen=True)
class Study:
    """What a run's models read.

    Attributes
    ----------
    config : ADHDConfig
    folders : sequence of Path
        Stores, in order.
    """

    config: ADHDConfig
    folders: Sequence[Path]

    @cached_property
    def infos(self) -> list[dict[str, Any]]:
        """Content of every ``store.json``."""
        return [read_json(folder / "store.json") for folder in self.folders]

    @cached_property
    def people(self) -> pd.DataFrame:
        """A row per person: group, site, phenotype, motion, ``content`` of the scan.

        Raises
        ------
        DataFault
            If two people have the same scan.
        """
        tables = [pd.read_parquet(folder / TABLE) for folder in self.folders]
        table = model_columns(pd.concat([t for t in tables if len(t)], ignore_index=True))
        twice = table[table.duplicated("content", keep=False)]
        if len(twice):
            same = twice[twice["content"] == twice["content"].iloc[0]]["subject"]
            raise DataFault(f"the same scan of {' and '.join(same)}", where="subjects",
                            fix="keep one of them with data.subjects")  # fmt: skip
        test_file = self.config.split.test_file
        return table if test_file is None else table.assign(part=_parts(table, test_file))

    @property
    def groups(self) -> NDArray[np.intp]:
        """0 control, 1 case, in the order of :attr:`people`."""
        groups: NDArray[np.intp] = self.people["group"].to_numpy(np.intp)
        return groups

    def inputs(self, decoder: Decoder) -> dict[str, NDArray[np.float32]]:
        """Return what a decoder of maps reads, by threshold: (n_people, n_values), scaled."""
        found = self._unscaled(decoder)
        return {name: scale_maps(maps, self.config.search.scaling) for name, maps in found.items()}

    def courses(self) -> list[NDArray[np.float32]]:
        """Return the region courses (n_times, n_regions) of every person.

        Raises
        ------
        ConfigFault
            If there are none.
        """
        found = dict(pair for path in self.folders for pair in stored_arrays(path / COURSES))
        if len(found) < len(self.people):
            raise ConfigFault("no region courses for the connectivity models", where="models",
                              fix="set scans.parcels, or leave these models out")  # fmt: skip
        return [found[subject] for subject in self.people["subject"]]

    def split(self, protocol: str) -> list[Fold]:
        """Return the folds; none shares a person, a scan, or what else must not cross."""
        asked = self.config.split
        folds = split_cohort(
            self.people, protocol, n_folds=asked.n_folds, test_size=asked.test_size,
            seed=self.config.seed,
        )  # fmt: skip
        assert_no_leak(self._audit(protocol, folds))
        return folds

    def audit(self, protocol: str) -> list[AuditRow]:
        """Count anew what crosses in a protocol, and what each leaky mask saw of the test part."""
        folds = self.split(protocol)
        rows = self._audit(protocol, folds)
        for decoder in self.config.decoders:
            if decoder.leaks is not None:
                rows += [self._leak(f"{protocol}: {decoder.name}", fold) for fold in folds]
        return rows

    def _audit(self, protocol: str, folds: list[Fold]) -> list[AuditRow]:
        unit = cohort_protocol(protocol).unit
        units = list(dict.fromkeys(["subject", unit]))
        rows = audit_folds(folds, self.people, units, split=protocol)
        return rows + signal_overlap(list(self.people["content"]), folds, split=protocol)

    def _leak(self, split: str, fold: Fold) -> AuditRow:
        n_train, n_test = fold.train.size, fold.test.size
        shown = tuple(self.people["subject"].iloc[fold.test[:3]])
        return AuditRow(split, fold.name, "subject the mask has seen", n_train, n_test, n_train,
                        n_test, n_test, shown, LEAK)  # fmt: skip

    def _unscaled(self, decoder: Decoder) -> dict[str, NDArray[np.float32]]:
        if decoder.map is not None:
            return {
                threshold: self._map(f"{decoder.map} {threshold}")
                for threshold in self.config.maps.thresholds
            }
        name = READY_FEATURES[decoder.family]
        parts = []
        for folder in self.folders:
            found = dict(stored_arrays(folder / VECTORS))
            if found and name not in found:
                raise ConfigFault(unknown("feature of the data set", name, found), where="models")
            parts += [found[name]] if found else []
        if not parts:
            raise ConfigFault(f"the data set brings no {decoder.family}", where="models",
                              fix="leave this model out")  # fmt: skip
        return {READY: np.concatenate(parts)}

    def _map(self, name: str) -> NDArray[np.float32]:
        """Return one map of everybody; of several runs the mean."""
        rows = []
        for folder, info in zip(self.folders, self.infos, strict=True):
            store = SubjectMapStore(folder / MAPS)
            for subject in info["subjects"]:
                if subject not in info["runs"]:
                    raise ConfigFault("no network maps: the scans have no courses", where="models",
                                      fix="use region features, edges or baselines")  # fmt: skip
                rows.append(store.matrix(info["runs"][subject], name).mean(axis=0))
        sizes = {row.size for row in rows}
        if len(sizes) > 1:
            raise DataFault(f"maps of {', '.join(map(str, sorted(sizes)))} voxels",
                            fix="use one mask for all people")  # fmt: skip
        return np.stack(rows)


def _parts(table: pd.DataFrame, test_file: Path) -> NDArray[np.str_]:
    """Return "test" for the people that a file names, else "train"."""
    try:
        named = test_file.read_text("utf-8").split()
    except OSError as error:
        raise ConfigFault("file not found", where=f"split.test_file {test_file}",
                          fix="give a file with one label per line") from error  # fmt: skip
    tested = table["subject"].isin(named).to_numpy()
    if not tested.any() or tested.all():
        raise DataFault(
            f"{int(tested.sum())} of {len(table)} people are named", where=str(test_file),
            fix="name the test people by the labels of the phenotype table",
        )  # fmt: skip
    return np.where(tested, TEST, TRAIN)
