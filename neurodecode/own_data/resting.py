"""Derivatives of fMRIPrep for the pipeline ``adhd``: scans at rest and who has a diagnosis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.config import validate
from neurodecode.connectome.config import ADHDConfig
from neurodecode.connectome.graph import MAX_BYTES
from neurodecode.connectome.voxel_size import resampled_mask
from neurodecode.datasets.bids_tables import nearest_column, read_table
from neurodecode.datasets.local_files import folder_with, participants_files
from neurodecode.datasets.nifti import load_image
from neurodecode.datasets.resting.derivatives import (
    CONTROLS,
    SUFFIX,
    confounds_of,
    entity,
    find_runs,
    mask_of,
    participants_table,
    preprocessed,
    read_phenotypes,
)
from neurodecode.evaluation.cohort_splits import COHORT_PROTOCOLS, split_cohort
from neurodecode.faults import ConfigFault, DataFault, Fault
from neurodecode.own_data.costs import START_S, program_size
from neurodecode.own_data.duration import product_rate
from neurodecode.own_data.groups import group_column
from neurodecode.own_data.survey import (
    Duration,
    Listing,
    Size,
    SplitRow,
    Study,
    Survey,
    attempt,
    counted,
    refused,
    require_folder,
    shortened,
    size_text,
)
from neurodecode.own_data.tree import choose_task, subjects_of

COARSER_MM = (4, 5, 6, 8)
"""Voxel sizes that are proposed, the first that fits; 4 mm is about that of ADHD-200's Athena."""
DENSITY = 0.1
"""Assumed share of pairs that are edges, by which the time of triangles grows."""
VALUES_PER_S = 2e7
"""Assumed values of images, or of maps in a fit, that are worked through in a second."""
SCAN_S, FIT_S = 0.15, 0.005
"""Of a scan of no size, and of a fit of no size: 24 people on 250 voxels, measured."""
_PHENOTYPE = ("group", "controls", "site")


def survey(study: Study) -> Survey:
    """Look through a study for ``adhd``; parameters and faults as :func:`imagery.survey`.

    The derivatives may be given, or the data set that holds them in ``derivatives/``.
    """
    study, notes = _derivatives(study)
    study, more = _with_group(study)
    notes = [*notes, *more]
    subjects = subjects_of(study)
    task = choose_task(study, Counter(entity(p, "task") for p in preprocessed(study.folder)))
    task = task or entity(preprocessed(study.folder)[0], "task")
    options = study.options
    faults: list[Fault] = []
    people, wrong = _people(study)
    faults += wrong
    runs = _runs(study.folder, subjects, task, options.get("space"), faults)
    tree = study.with_data(dataset="local", task=task)
    config = validate(ADHDConfig, tree)
    faults += _several(runs, config) + _incomplete(runs, options)
    shapes = {path: load_image(path).shape for paths in runs.values() for path in paths}
    found = people.loc[people.index.intersection(list(runs))].reset_index()
    if not people.empty and (absent := [name for name in runs if name not in people.index]):
        what = f"{len(absent)} of {len(runs)} people are not in participants.tsv"
        fix = "add their rows, or choose others with data.subjects"
        faults.append(DataFault(what, where=shortened(absent), fix=fix))
    splits = _splits(config, found) if not people.empty else []
    faults += refused(splits)
    n_voxels, n_times = _largest(shapes, config.scans.voxel_mm)
    thresholds = len(config.maps.thresholds) if config.makes_maps else 0
    graphs = _graphs(thresholds, n_voxels)
    if graphs.n_bytes > MAX_BYTES:
        faults.append(_too_fine(shapes, n_voxels, graphs))
    maps = Size("maps of a person", (thresholds * len(config.maps.features), n_voxels))
    parcels = Size("courses of parcels", (n_times, config.scans.parcels))
    disk = (maps.n_bytes + parcels.n_bytes) * len(runs)
    return Survey(
        "adhd", study.folder,
        found=_found(runs, task, found, shapes),
        listings=_listings(shapes),
        faults=faults, notes=[*notes, *_unknown_group(found)], splits=splits,
        sizes=[
            program_size("adhd"),
            Size("a run as read", max(shapes.values(), key=np.prod), "float64"),
            *_resampled(config.scans.voxel_mm, shapes),
            Size("courses of a person, in the mask", (n_times, n_voxels)), graphs,
            Size("maps of everybody", (len(runs), thresholds, n_voxels)),
        ],
        disk=disk, duration=_duration(config, runs, shapes, n_voxels, n_times),
        settings={} if faults else tree,
    )  # fmt: skip


def _derivatives(study: Study) -> tuple[Study, list[str]]:
    """Return the study of the folder that has preprocessed runs, itself or below it."""
    require_folder(study.folder)
    folder = folder_with(study.folder, preprocessed)
    if folder is not None:
        return study.inside(folder)
    raise DataFault(f"no *{SUFFIX} below the folder or its derivatives", where=str(study.folder),
                    fix="run fMRIPrep, and give its output folder")  # fmt: skip


def _with_group(study: Study) -> tuple[Study, list[str]]:
    """Return the study with the column that tells cases from controls, found by its name."""
    found = participants_files(study.folder)
    column = group_column(read_table(found[0])) if found else None
    if "group" in study.options or column in (None, "group"):
        return study, []
    tree = study.with_data(options={**study.options, "group": column})
    note = f"groups: column {column} of {found[0].name}; data.options.group changes that"
    return replace(study, tree=tree), [note]


def _people(study: Study) -> tuple[pd.DataFrame, list[Fault]]:
    """Return the phenotypes, or what is wrong with the table."""
    options = {name: value for name, value in study.options.items() if name in _PHENOTYPE}
    try:
        path = participants_table(study.folder)
        column = options.get("group", "group")
        table = read_table(path)
        if column not in table:
            fix = f"{nearest_column(column, table)}, --set data.options.group=COLUMN"
            raise DataFault(f"no column '{column}'", where=str(path), fix=fix)
        _require_controls(table[column], options.get("controls", CONTROLS), path)
        return read_phenotypes(study.folder, **options), []
    except Fault as fault:
        return pd.DataFrame(), [fault]


def _require_controls(entries: pd.Series[str], controls: Sequence[str], path: Path) -> None:
    known = {word.lower() for word in controls}
    counts = entries.dropna().value_counts()
    if not any(str(name).strip().lower() in known for name in counts.index):
        first = next(iter(counts.index), "NAME")
        shown = counted({str(name): int(n) for name, n in counts.items()})
        what = f"no entry of column '{entries.name}' means control: {shown}"
        fix = f'--set "data.options.controls=[{first}]", or which it is'
        raise ConfigFault(what, where=str(path), fix=fix)


def _runs(
    root: Path, subjects: Sequence[str], task: str, space: str | None, faults: list[Fault]
) -> dict[str, list[Path]]:
    found = {}
    for subject in subjects:
        try:
            found[subject] = find_runs(root, subject, task, space)
        except Fault as fault:
            faults.append(fault)
    if not found:
        raise faults[-1]
    return found


def _several(runs: Mapping[str, Sequence[Path]], config: ADHDConfig) -> list[Fault]:
    more = [subject for subject, paths in runs.items() if len(paths) > 1]
    if not more or config.scans.runs != "stop":
        return []
    return [DataFault(f"{len(more)} people have several runs", where=shortened(more),
                      fix="--set scans.runs=first, or average")]  # fmt: skip


def _incomplete(runs: Mapping[str, Sequence[Path]], options: Mapping[str, Any]) -> list[Fault]:
    """Return a fault for runs without mask, and one for runs without confounds."""
    paths = [path for group in runs.values() for path in group]
    faults: list[Fault] = []
    bare = [path.name for path in paths if mask_of(path) is None]
    if bare and options.get("mask") is None:
        faults.append(DataFault(f"no brain mask beside {len(bare)} of {len(paths)} runs",
                                where=shortened(bare, 5),
                                fix="give one for all, --set data.options.mask=FILE"))  # fmt: skip
    without = [confounds_of(path).name for path in paths if not confounds_of(path).is_file()]
    if without and options.get("strategy", ["motion"]):
        what = f"no confounds of {len(without)} of {len(paths)} runs"
        fix = "copy them there, or --set data.options.strategy=[]"
        faults.append(DataFault(what, where=shortened(without, 5), fix=fix))
    return faults


def _splits(config: ADHDConfig, people: pd.DataFrame) -> list[SplitRow]:
    known = people.dropna(subset=["group"]).reset_index(drop=True)
    known = known.assign(site=known["site"].astype(object).fillna("unknown"))

    def divided(protocol: str) -> str:
        counts = known["group"].value_counts()
        if len(counts) < 2 or counts.min() < 3:
            raise DataFault("at least 3 people of each group are needed")
        folds = split_cohort(known, protocol, n_folds=config.split.n_folds,
                             test_size=config.split.test_size, seed=config.seed)  # fmt: skip
        return f"{len(folds)} folds over {len(known)} people"

    return [
        attempt(name, partial(divided, name), chosen=name in config.protocols)
        for name in COHORT_PROTOCOLS
    ]


def _graphs(thresholds: int, n_voxels: int) -> Size:
    return Size("graphs of a person, a bit a pair", (thresholds, n_voxels, -(-n_voxels // 64)),
                "uint64")  # fmt: skip


def _resampled(voxel_mm: float | None, shapes: Mapping[Path, tuple[int, ...]]) -> list[Size]:
    """Return what a run on a coarser grid takes beside the run as it was read."""
    if voxel_mm is None:
        return []
    path, shape = max(shapes.items(), key=lambda item: np.prod(item[1]))
    edges = np.sqrt((np.asarray(load_image(path).affine)[:3, :3] ** 2).sum(axis=0))
    grid = np.ceil((np.array(shape[:3]) - 1) * edges / voxel_mm).astype(int) + 1
    return [Size(f"the same at {voxel_mm:g} mm", (*map(int, grid), *shape[3:]))]


def _too_fine(shapes: Mapping[Path, tuple[int, ...]], n_voxels: int, graphs: Size) -> DataFault:
    """Return the fault of a grid whose graphs no memory holds, with one that fits."""
    what = (
        f"{n_voxels:,} voxels: the graphs of one person take {size_text(graphs.n_bytes)}, the "
        f"limit is {size_text(MAX_BYTES)}"
    )
    for voxel_mm in COARSER_MM:
        try:
            n = _largest(shapes, voxel_mm)[0]
        except ConfigFault:  # finer than the images
            continue
        coarse = _graphs(graphs.shape[0], n)
        if coarse.n_bytes <= MAX_BYTES:
            fix = f"--set scans.voxel_mm={voxel_mm} resamples them to {n:,} voxels, graphs of "
            return DataFault(what, fix=f"{fix}{size_text(coarse.n_bytes)}")
    return DataFault(what, fix="fewer thresholds: maps.thetas, maps.densities")


def _duration(
    config: ADHDConfig,
    runs: Mapping[str, Sequence[Path]],
    shapes: Mapping[Path, tuple[int, ...]],
    n_voxels: int,
    n_times: int,
) -> Duration:
    """Estimate reading, correlations, triangles, and the models that are tried in every fold."""
    thresholds = len(config.maps.thresholds) if config.makes_maps else 0
    rate, entries = product_rate(), sum(int(np.prod(shape)) for shape in shapes.values())
    pairs = 2 * n_voxels**2 * (n_times + thresholds * n_voxels * DENSITY)
    passes = 1 if config.scans.voxel_mm is None else 2  # resampling is as fast as reading
    person = pairs / rate + passes * entries / len(runs) / VALUES_PER_S + SCAN_S
    mapped = sum(decoder.map is not None for decoder in config.decoders)
    search = config.search
    tried = thresholds * len(search.masks) * len(search.n_components) * search.inner_folds
    fits = len(config.protocols) * config.split.n_folds * (mapped * tried + len(config.models))
    each = FIT_S + len(runs) * n_voxels / VALUES_PER_S
    jobs = 2 + len(config.stores(list(runs))) + 2 * len(config.units(list(runs)))
    basis = (
        f"{person:.1f} s a person for maps of {n_voxels:,} voxels at {thresholds} thresholds "
        f"({DENSITY:.0%} of the pairs assumed to be edges), {fits:,} fits of {1000 * each:.0f} ms "
        f"assumed, {jobs} jobs of {START_S['adhd']:g} s to start"
    )
    return Duration(len(runs) * person + fits * each + jobs * START_S["adhd"], basis)


def _largest(
    shapes: Mapping[Path, tuple[int, ...]], voxel_mm: float | None = None
) -> tuple[int, int]:
    """Return the voxels of the first mask at a voxel size, else of the image, and most volumes."""
    first = next(iter(shapes))
    mask = mask_of(first)
    inside = int(np.prod(shapes[first][:3]))
    if mask is not None:
        load_image(mask)  # the fault of a broken file
        inside = int((np.asarray(resampled_mask(mask, voxel_mm).dataobj) > 0).sum())
    return inside, max(shape[3] if len(shape) == 4 else 1 for shape in shapes.values())


def _found(
    runs: Mapping[str, Sequence[Path]],
    task: str,
    people: pd.DataFrame,
    shapes: Mapping[Path, tuple[int, ...]],
) -> list[tuple[str, str]]:
    paths = [path for group in runs.values() for path in group]
    spaces = Counter(entity(path, "space") or "native" for path in paths)
    volumes = sorted({shape[3] for shape in shapes.values() if len(shape) == 4})
    rows = [
        ("subjects", f"{len(runs)}: {shortened(list(runs))}"),
        ("task", task),
        ("runs", f"{len(paths)}, {sum(confounds_of(p).is_file() for p in paths)} with confounds, "
                 f"{sum(mask_of(p) is not None for p in paths)} with a mask"),
        ("spaces", counted(spaces)),
        ("volumes", f"{volumes[0]} to {volumes[-1]}" if volumes else "none"),
    ]  # fmt: skip
    if not people.empty:
        groups = people["group"].map({0.0: "control", 1.0: "case"}).fillna("unknown")
        rows.append(("groups", counted(groups.value_counts().to_dict())))
        rows.append(("sites", counted(people["site"].fillna("unknown").value_counts().to_dict())))
    return rows


def _listings(shapes: Mapping[Path, tuple[int, ...]]) -> list[Listing]:
    grids = {shape[:3] for shape in shapes.values()}
    if len(grids) < 2:
        return []
    rows = tuple((path.name, " x ".join(map(str, shape))) for path, shape in shapes.items())
    return [Listing("images on different grids", ("file", "shape"), rows)]


def _unknown_group(people: pd.DataFrame) -> list[str]:
    if people.empty or not people["group"].isna().any():
        return []
    names = people.loc[people["group"].isna(), "subject"].tolist()
    return [f"{len(names)} people without a group: {shortened(names)}"]
