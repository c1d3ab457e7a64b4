"""A FreeSurfer folder, or a table, for the pipeline ``mci``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.config import validate
from neurodecode.datasets.catalog import card_of
from neurodecode.datasets.csv_tables import read_csv
from neurodecode.datasets.local_files import folder_with
from neurodecode.datasets.morphometry.folder import people_table
from neurodecode.datasets.morphometry.freesurfer import has_subjects
from neurodecode.datasets.morphometry.names import GROUP, measure_columns
from neurodecode.datasets.resting.derivatives import CONTROLS
from neurodecode.faults import ConfigFault, DataFault, Fault, nearest
from neurodecode.morphometry.config import MCIConfig
from neurodecode.morphometry.forms import FORMS, form_of
from neurodecode.morphometry.preparation import prepare_cohort
from neurodecode.own_data.costs import START_S, program_size
from neurodecode.own_data.groups import group_column
from neurodecode.own_data.survey import (
    Duration,
    Listing,
    Size,
    SplitRow,
    Study,
    Survey,
    counted,
    require_folder,
)

if TYPE_CHECKING:
    from neurodecode.morphometry.preparation import Prepared

FIT_S = {"rusboost": 0.5, "kernel nb": 0.04}
"""Assumed of a fit of these classifiers; of all others :data:`OTHER_FIT_S`."""
OTHER_FIT_S = 0.008
FEATURES_S, REFERENCE = 0.06, 25**2 * 80
"""Of harmonising and ranking 80 measures of 25 people, measured; as people squared x measures."""
PEOPLE_PER_TERM = 5
"""Fewer are noted."""
STATS = ("aseg.stats", "lh.aparc.stats", "rh.aparc.stats")


def survey(study: Study) -> Survey:
    """Look through a study for ``mci``; parameters and faults as :func:`imagery.survey`.

    The subjects directory may be given, or the data set that holds it in ``derivatives/``.
    """
    study, notes = _directory(study)
    options, more = _options(study)
    tree = study.with_data(dataset="freesurfer", options=options)
    config = validate(MCIConfig, tree)
    listing, found = _files(study.folder)
    faults: list[Fault] = []
    try:
        cohort = prepare_cohort(config, card_of(config.data), study.folder)
    except Fault as fault:
        faults.append(fault)
        return Survey("mci", study.folder, found=found, listings=listing, faults=faults,
                      notes=[*notes, *more])  # fmt: skip
    table = cohort.table
    size = Size("the table of measures", table.shape, "float64")
    splits = _splits(config, table)
    faults += [
        ConfigFault(
            f"form {row.name}: {row.why}",
            fix='take a possible form, --set "forms=[...]", or change the setting in brackets',
        )
        for row in splits
        if row.chosen and not row.possible
    ]
    return Survey(
        "mci", study.folder,
        found=[*found, *_people(cohort)],
        listings=listing, faults=faults,
        notes=[*notes, *more, *cohort.notes, *_left_out(cohort), *_few_people(config, table)],
        splits=splits, sizes=[program_size("mci"), size], disk=size.n_bytes,
        duration=_duration(config, table),
        settings={} if faults else tree,
    )  # fmt: skip


def _duration(config: MCIConfig, table: pd.DataFrame) -> Duration:
    """Estimate the fits of the nested search; of each fold also harmonising and ranking."""
    search, n_measures = config.search, len(measure_columns(table))
    parts = search.outer_folds * (search.inner_folds + 1)
    part = FEATURES_S * max(1.0, len(table) ** 2 * n_measures / REFERENCE)
    tried = 1 if search.method == "preset" else search.candidates
    fit = sum(FIT_S.get(name, OTHER_FIT_S) for name in config.classifiers)
    folds = len(config.forms) * search.replicates * parts
    seconds = folds * len(config.harmonisations) * (part + tried * fit)
    null = config.null_test
    size = null.n_people**2 * null.n_measures / REFERENCE
    seconds += 4 * null.draws * null.outer_folds * FEATURES_S * max(1.0, size)
    jobs = 3 + 2 * len(config.units([]))
    basis = (
        f"{folds * len(config.harmonisations):,} training parts of {part:.2g} s to harmonise and "
        f"rank, {tried} candidates of {len(config.classifiers)} classifiers in each, {fit:.2g} s "
        f"together, both assumed; {jobs} jobs of {START_S['mci']:g} s to start"
    )
    return Duration(seconds + jobs * START_S["mci"], basis)


def _directory(study: Study) -> tuple[Study, list[str]]:
    """Return the study of the folder that has FreeSurfer's stats, itself or below it."""
    require_folder(study.folder)
    folder = folder_with(study.folder, has_subjects)
    if folder is not None:
        return study.inside(folder)
    raise DataFault("no SUBJECT/stats/aseg.stats below the folder or its derivatives",
                    where=str(study.folder),
                    fix="give the subjects directory of FreeSurfer")  # fmt: skip


def _options(study: Study) -> tuple[dict[str, Any], list[str]]:
    """Return the loader's options, with codes for groups that are words, and what was taken.

    Raises
    ------
    Fault
        If there is no table of people, it has no group, or no group is known to be the control.
    """
    options = study.options
    path = people_table(study.folder, **({"people": options["people"]} if "people" in options
                                         else {}))  # fmt: skip
    columns, codes = dict(options.get("columns", {})), dict(options.get("codes", {}))
    table, notes = read_csv(path), []
    column = columns.get(GROUP) or group_column(table.columns) or GROUP
    if column not in (columns.get(GROUP), GROUP):
        columns[GROUP] = column
        notes = [f"groups: column {column} of {path.name}; data.options.columns changes that"]
    if column not in table:
        guess = nearest(column, map(str, table.columns))
        have = ", ".join(map(str, table.columns))
        fix = f'--set "data.options.columns={{group: {guess or "COLUMN"}}}"; it has {have}'
        raise DataFault(f"no column '{column}' that says who is in which group", where=str(path),
                        fix=fix)  # fmt: skip
    entries = pd.Series(table[column])
    if columns:
        options["columns"] = columns
    if GROUP in codes or pd.to_numeric(entries.dropna(), errors="coerce").notna().all():
        return options, notes
    found = _codes(entries, column, path)
    note = f"groups of {path.name}: {', '.join(f'{k} is {v}' for k, v in found.items())}"
    return {**options, "codes": {**codes, GROUP: found}}, [*notes, note]


def _codes(entries: pd.Series[Any], column: str, path: Path) -> dict[str, int]:
    """Return 0 for the entry that means control and 1 for the other one."""
    counts = {str(name): int(n) for name, n in entries.dropna().value_counts().items()}
    controls = [name for name in counts if name.strip().lower() in CONTROLS]
    if len(controls) == 1 and len(counts) == 2:
        return {name: int(name not in controls) for name in sorted(counts)}
    first, second = [*counts, "A", "B"][:2]
    what = f"which groups of column '{column}' are compared? found: {counted(counts)}"
    fix = f'--set "data.options.codes={{group: {{{first}: 0, {second}: 1}}}}"'
    raise ConfigFault(what, where=str(path), fix=fix)


def _files(folder: Path) -> tuple[list[Listing], list[tuple[str, str]]]:
    """Return who lacks which file of FreeSurfer, and how many people there are."""
    people = sorted(path.parent for path in folder.glob("*/stats"))
    rows = []
    for person in people:
        lacks = [name for name in STATS if not (person / "stats" / name).is_file()]
        if lacks:
            rows.append((person.name, ", ".join(lacks)))
    found = [("people", f"{len(people)}, {len(people) - len(rows)} with all of {', '.join(STATS)}")]
    if not rows:
        return [], found
    return [Listing("files are missing", ("subject", "lacks"), tuple(rows))], found


def _people(cohort: Prepared) -> list[tuple[str, str]]:
    table = cohort.table
    rows = [
        ("groups", counted(table[GROUP].value_counts().to_dict())),
        ("measures", str(len(measure_columns(table)))),
        ("covariates", ", ".join(n for n in ("age", "sex", "etiv", "site") if n in table)),
    ]
    if "site" in table:
        rows.append(("sites", counted(table["site"].value_counts().to_dict())))
    return rows


def _left_out(cohort: Prepared) -> list[str]:
    dropped = cohort.flow[cohort.flow["dropped"] > 0]
    return [f"{row.dropped} people left out: {row.step}" for row in dropped.itertuples()]


def _splits(config: MCIConfig, table: pd.DataFrame) -> list[SplitRow]:
    """Say of every form of the cohort whether it has the people that its folds need."""
    least = int(table[GROUP].value_counts().min())
    n_sites = table["site"].nunique() if "site" in table else 0
    return [_form(name, config, least, n_sites, table) for name in FORMS]


def _terms(config: MCIConfig, table: pd.DataFrame) -> int:
    """Return the terms of the harmonising polynomial; 0 where nothing is regressed out."""
    search = config.search
    if set(config.harmonisations) == {"raw"}:
        return 0
    covariates = [name for name in search.covariates if name in table]
    powers = [1 if table[name].nunique() <= 2 else search.degree for name in covariates]
    n_sites = table["site"].nunique() if search.site_term and "site" in table else 1
    return sum(powers) + n_sites


def _reference(config: MCIConfig, form: str, table: pd.DataFrame) -> int:
    """Return the people that the polynomial is fitted on in an inner training part."""
    search, counts = config.search, table[GROUP].value_counts()
    n = int(counts.min()) if form_of(form).balanced else int(counts.get(0, 0))
    n *= 2 if search.fit_on == "everyone" else 1
    by_site = FORMS[form].outer == "sites" and "site" in table
    folds = table["site"].nunique() if by_site else search.outer_folds
    return int(n * (1 - 1 / max(folds, 2)) * (1 - 1 / search.inner_folds))


def _few_people(config: MCIConfig, table: pd.DataFrame) -> list[str]:
    """Return a note where the polynomial has few people to be fitted on."""
    terms, n = _terms(config, table), min(_reference(config, f, table) for f in config.forms)
    if n >= PEOPLE_PER_TERM * terms:
        return []
    return [f"the harmonising polynomial has {terms} terms and {n} {config.search.fit_on} to be "
            "fitted on in an inner training part, which adds noise: lower search.degree, or take "
            "harmonisations=[raw]"]  # fmt: skip


def _form(name: str, config: MCIConfig, least: int, n_sites: int, table: pd.DataFrame) -> SplitRow:
    chosen = name in config.forms
    folds, terms = config.search.outer_folds, _terms(config, table)
    reference = _reference(config, name, table)
    needs: Mapping[bool, str] = {
        0 < terms >= reference: f"{reference} {config.search.fit_on} in an inner training part for "
                                f"a polynomial of {terms} terms (search.degree)",
        FORMS[name].outer == "sites" and n_sites < 2: "needs two sites",
        FORMS[name].balancing == "match" and not {"age", "sex"} <= set(table): "needs age and sex",
        FORMS[name].outer != "sites" and least < folds: f"{least} people of a group for {folds} "
                                                        "folds (search.outer_folds)",
    }  # fmt: skip
    if True in needs:
        return SplitRow(name, False, needs[True], chosen)
    return SplitRow(name, True, f"{len(table)} people, {least} in the smaller group", chosen)
