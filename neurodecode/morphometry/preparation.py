"""Read the tables, choose the people, and write both the cohort and how it came about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import sha256_text, write_json, write_parquet
from neurodecode.datasets.fetch import fetch_study
from neurodecode.datasets.local_files import names_below, table_files
from neurodecode.datasets.manifest import Manifest, build_manifest
from neurodecode.datasets.morphometry import morphometry_loader
from neurodecode.datasets.morphometry.checks import KEPT_NOTES, one_class
from neurodecode.datasets.morphometry.cohort import build_cohort
from neurodecode.datasets.morphometry.names import (
    GROUP,
    SUBJECT,
    measure_columns,
    select_measures,
)
from neurodecode.datasets.morphometry.visits import SCAN
from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.morphometry.subjects import check_columns, finite_columns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from neurodecode.datasets.catalog import Card
    from neurodecode.morphometry.config import MCIConfig
    from neurodecode.morphometry.config_cohort import CohortSection

TABLE, FLOW = "cohort.parquet", "flow.parquet"
KEPT = ("age", "sex", "etiv", "site", GROUP, SCAN, "follow_up", "years_to_impairment")
"""Columns of the cohort beside its measures."""


@dataclass(frozen=True)
class Prepared:
    """A cohort as models read it.

    Attributes
    ----------
    table : DataFrame
        Index ``subject``; ``group``, covariates, facts of the scan, measures.
    flow : DataFrame
        Columns ``step``, ``dropped``, ``left``.
    notes : tuple of str
        What the readers and checks changed.
    """

    table: pd.DataFrame
    flow: pd.DataFrame
    notes: tuple[str, ...]

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the store and return the content of ``store.json``."""
        table = self.table.copy().reset_index()  # whole: adding to parts of one is slow
        info = {
            "n_people": len(table), "n_cases": int(table[GROUP].sum()),
            "measures": measure_columns(table), "notes": list(self.notes),
            "content": sha256_text(table.to_csv(index=False)),
        }  # fmt: skip
        write_parquet(folder / TABLE, table)
        write_parquet(folder / FLOW, self.flow)
        write_json(folder / "store.json", info)
        return info


def fetch_tables(
    config: MCIConfig, card: Card, subjects: Sequence[str], root: Path
) -> Manifest:  # fmt: skip
    """Bring the tables here, simulate them, or take down which ones a folder holds.

    Raises
    ------
    DataFault
        If a file or folder of one's own is not there, or holds no table.
    """
    path = config.data.path
    if path is None:
        return fetch_study(config, card, subjects, root)
    files = table_files(path)
    if not any(file.is_relative_to(path) for file in files):
        raise DataFault("no table here" if path.is_dir() else "file or folder not found",
                        where=str(path), fix="give a CSV file or a FreeSurfer folder")  # fmt: skip
    kind, folder = ("file", path.parent) if path.is_file() else ("folder", path)
    return build_manifest(card.name, folder, names_below(folder, files),
                          source=f"local {kind} {path}")  # fmt: skip


def prepare_cohort(config: MCIConfig, card: Card, root: Path) -> Prepared:
    """Read the data set and choose its people and measures.

    Raises
    ------
    ConfigFault
        If the loader, one of its options or a subject is unknown.
    DataFault
        If a table is broken (see the loader), two people have the same measures, a covariate or
        the site that is needed is missing, or a group ends up empty.
    """
    path = config.data.path
    name = card.name if path is None else config.data.dataset
    place = root / card.name if path is None else path
    read = morphometry_loader(name)(place, **config.data.options)
    read = select_measures(
        read, kinds=config.cohort.kinds, every_structure=config.cohort.every_structure,
        average_sides=config.cohort.average_sides,
    )  # fmt: skip
    found = _cohort_of(read, config.cohort, str(place))
    if config.data.subjects != "all":
        found = _only(found, config.data.subjects)
    found = _relabelled(found, config)
    found = _with_covariates(found, config, str(place))
    found = _of_large_sites(found, config.cohort)
    one_class(found.table, where=str(place))
    _require_distinct_scans(found.table, str(place))
    finite_columns(found.table, measure_columns(found.table))
    found = _without_constant(found)
    table = found.table
    kept = [column for column in KEPT if column in table]
    return Prepared(table[[*kept, *measure_columns(table)]], found.flow, found.notes)


def _cohort_of(read: pd.DataFrame, asked: CohortSection, where: str) -> Prepared:
    """Return people of visits by the rules, or those of a subject table who have a group."""
    notes = tuple(read.attrs.get(KEPT_NOTES, ()))
    if SUBJECT in read:
        cohort = build_cohort(
            read, years=asked.years, minimum_follow_up=asked.minimum_follow_up,
            reverters=asked.reverters, field_strength=asked.field_strength, where=where,
        )  # fmt: skip
        return Prepared(cohort.table, cohort.flow, notes)
    flow = pd.DataFrame({"step": ["people in the table"], "dropped": [0], "left": [len(read)]})
    found = Prepared(read, flow, notes)
    if asked.label == "sex":
        return found
    check_columns(read, [GROUP])
    return _without(found, read[GROUP].isna().to_numpy(), "no group")


def _without(found: Prepared, dropped: np.ndarray, step: str) -> Prepared:
    """Leave people out and write it down; nothing where it is nobody."""
    if not dropped.any():
        return found
    table = found.table[~dropped]
    row = {"step": step, "dropped": int(dropped.sum()), "left": len(table)}
    flow = pd.concat([found.flow, pd.DataFrame([row])], ignore_index=True)
    return Prepared(table, flow, found.notes)


def _without_constant(found: Prepared) -> Prepared:
    """Leave out measures that are the same in everybody, and note their names.

    Raises
    ------
    DataFault
        If no measure would be left.
    """
    measures = measure_columns(found.table)
    still = [name for name in measures if len(found.table[name].unique()) == 1]
    if not still:
        return found
    told = f"the same in everybody, left out: {', '.join(still)}"
    if len(still) == len(measures):
        raise DataFault(f"no measure differs between people: {', '.join(still[:5])}",
                        fix="check the table, or choose others with cohort.kinds")  # fmt: skip
    return Prepared(found.table.drop(columns=still), found.flow, (*found.notes, told))


def _only(found: Prepared, subjects: Sequence[str]) -> Prepared:
    for subject in subjects:
        if subject not in found.table.index:
            raise ConfigFault(
                unknown("subject of the cohort", subject, map(str, found.table.index))
            )
    chosen = found.table.index.isin(list(subjects))
    return _without(found, ~chosen, "not among data.subjects")


def _relabelled(found: Prepared, config: MCIConfig) -> Prepared:
    """Put what is told apart into ``group``."""
    table = found.table
    if config.cohort.label == "sex":
        check_columns(table, ["sex"])
        found = _without(found, table["sex"].isna().to_numpy(), "no sex")
        table = found.table.drop(columns=[GROUP], errors="ignore").rename(columns={"sex": GROUP})
    return Prepared(table.astype({GROUP: int}), found.flow, found.notes)


def _with_covariates(found: Prepared, config: MCIConfig, where: str) -> Prepared:
    """Require the covariates that are used, by policy."""
    used = set(config.search.covariates) if set(config.harmonisations) - {"raw"} else set()
    used |= {"age", "sex"} if "matched" in config.forms else set()
    needed = [name for name in ("age", "sex", "etiv") if name in used]
    check_columns(found.table, needed)
    if {"combat"} & set(config.harmonisations) or "sites" in config.forms:
        check_columns(found.table, ["site"])
    lacking = found.table[needed].isna().any(axis=1).to_numpy()
    if lacking.any() and config.cohort.missing_covariates == "stop":
        first = found.table.index[lacking][0]
        name = next(name for name in needed if pd.isna(found.table.loc[first, name]))
        raise DataFault(
            f"{int(lacking.sum())} of {len(lacking)} people lack {', '.join(needed)}; "
            f"first: subject {first}, {name}", where=where,
            fix="set cohort.missing_covariates=drop, or complete the table",
        )  # fmt: skip
    return _without(found, lacking, f"no {' or '.join(needed)}")


def _of_large_sites(found: Prepared, asked: CohortSection) -> Prepared:
    if asked.least_of_site == 1 or "site" not in found.table:
        return found
    table = found.table
    counts = pd.crosstab(table["site"], table[GROUP]).reindex(columns=[0, 1], fill_value=0)
    small = counts.index[counts.min(axis=1) < asked.least_of_site]
    step = f"site with fewer than {asked.least_of_site} of a group ({', '.join(map(str, small))})"
    return _without(found, table["site"].isin(small).to_numpy(), step)


def _require_distinct_scans(table: pd.DataFrame, where: str) -> None:
    """Stop where two people have the same measures: one scan under two names would leak.

    Tables of one or two measures are not judged, where equal values may be chance.
    """
    measures = measure_columns(table)
    twice = table.duplicated(measures, keep=False) if len(measures) > 2 else np.zeros(0, bool)
    if np.any(twice):
        first = table[twice].iloc[0]
        same = table.index[(table[measures] == first[measures]).all(axis=1)]
        raise DataFault(f"the same measures of {' and '.join(map(str, same))}", where=where,
                        fix="keep one of them: a scan under two names would leak")  # fmt: skip
