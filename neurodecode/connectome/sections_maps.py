"""Sections of the ``adhd`` report on voxels: differences, masks, weights; throughput and data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.connectome.evaluation import read_inside
from neurodecode.connectome.people import read_people
from neurodecode.connectome.sections import mean_density
from neurodecode.report.brain_maps import brain_figure, region_figure
from neurodecode.report.model import Block, Section, Table
from neurodecode.report.sections import source_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.connectome.config import ADHDConfig
    from neurodecode.connectome.study import Study

N_REGIONS = 20
TITLES = {
    "difference": "Mean map of {case} minus {control}, all people",
    "selected": "How often the mask selected it, share of the folds",
    "weights": "Weights of the discriminant, mean over folds",
}


def maps_section(
    folders: Sequence[Path], config: ADHDConfig, study: Study, people: Path
) -> list[Section]:
    """Draw what the main model reads: on the brain, or as bars of regions."""
    found = next((inside for folder in folders if (inside := read_inside(folder))), None)
    if found is None:
        return []
    main, (control, case) = config.decoders[0], config.groups
    threshold = str(found.pop("threshold"))
    known = found if main.mask else {k: v for k, v in found.items() if k != "selected"}
    titles = {name: TITLES[name].format(case=case, control=control) for name in known}
    text = (
        f"{main.name}, {config.protocols[0].replace('_', ' ')}, {threshold}, maps scaled by "
        f"{config.search.scaling}. The difference describes the people of this run and is no test. "
        "Weights of a linear model say what it used, not where groups differ."
    )
    mask, regions = read_people(people).mask, region_names(study)
    blocks: list[Block] = [text]
    if mask is not None:
        for name, values in known.items():
            folded = _per_voxel(values, study)
            blocks.append(brain_figure(folded, mask, title=titles[name], name=f"map-{name}"))
    else:
        for name, values in known.items():
            blocks.append(_bars(values, regions, titles[name], f"map-{name}"))
    return [Section("Maps", blocks)]


def _per_voxel(values: NDArray[Any], study: Study) -> NDArray[Any]:
    """Return a value per voxel: distance degrees have one per bin, which are added."""
    n_voxels = next(info["n_voxels"] for info in study.infos if info["n_voxels"])
    return np.asarray(values).reshape(-1, n_voxels).sum(axis=0)


def _bars(values: NDArray[Any], regions: Sequence[str], title: str, name: str) -> Block:
    labels = regions if len(regions) == len(values) else [f"{k + 1}" for k in range(len(values))]
    order = np.argsort(-np.abs(values), kind="stable")[:N_REGIONS]
    table = pd.DataFrame({"label": [labels[k] for k in order], "value": values[order]})
    shown = f"{title}: the {len(order)} largest of {len(values)}."
    return region_figure(table, caption=shown, name=name)


def region_names(study: Study) -> list[str]:
    """Return the names of the regions, empty where values are voxels or unnamed."""
    return next((list(info["regions"]) for info in study.infos if info["regions"]), [])


def throughput_section(study: Study) -> list[Section]:
    """Seconds per person and what they depend on; nothing where no maps were computed."""
    seconds = study.people["seconds"].dropna().astype(float)
    engine = next((info["engine"] for info in study.infos if info["engine"]), None)
    if engine is None:
        return []
    spent = "The maps were there from an earlier run"
    if len(seconds):
        spent = (
            f"{seconds.median():.2f} s per person (median of {len(seconds)}, {seconds.sum():.0f} s "
            "in all)"
        )
    n_voxels = next(info["n_voxels"] for info in study.infos if info["n_voxels"])
    density = ", ".join(f"{name}: {100 * d:.2f} %" for name, d in mean_density(study).items())
    maps = study.config.maps
    text = (
        f"{spent}: reading, correlations of {n_voxels} voxels or regions, and {len(maps.features)} "
        f"features at {len(maps.thresholds)} thresholds in one pass. Triangles by the engine "
        f"{engine}. Mean density: {density or 'not counted'}."
    )
    return [Section("Throughput", [text])]


def people_section(study: Study, folder: Path) -> Section:
    """What was read: people by site, who was left out, and what the checks found."""
    people = study.people
    rows = []
    for site, mine in people.groupby("site", sort=True):
        volumes, t_r = mine["n_volumes"].dropna(), mine["t_r"].dropna()
        rows.append((
            site, len(mine), int((mine["group"] == 1).sum()), int((mine["group"] == 0).sum()),
            _range(volumes, "d"), _range(t_r, "g"), _range(mine["age"].dropna(), ".1f"),
            int((mine["n_runs"] > 1).sum()),
        ))  # fmt: skip
    control, case = study.config.groups
    columns = ("site", "people", case, control, "volumes", "TR, s", "age, years", "several runs")
    blocks: list[Block] = [Table(columns, rows)]
    dropped = read_people(folder / "people").dropped
    if dropped:
        blocks.append(f"Left out for want of a diagnosis: {', '.join(dropped)}.")
    if people["n_runs"].max() > 1:
        blocks.append(f"Several runs of a person: scans.runs={study.config.scans.runs}.")
    return Section("Data", [*blocks, *source_blocks(folder, study.folders)])


def _range(values: pd.Series, form: str) -> str:
    if values.empty:
        return "-"
    low, high = (int(v) if form == "d" else float(v) for v in (values.min(), values.max()))
    return f"{low:{form}}" if low == high else f"{low:{form}} to {high:{form}}"


def models_section(config: ADHDConfig) -> Section:
    """Say what each model is."""
    rows = [(decoder.name, decoder.description) for decoder in config.decoders]
    search = config.search
    text = (
        f"PCA-LDA: maps scaled by {search.scaling}, {search.priors} priors, shrinkage "
        f"{search.shrinkage}. Chosen in {search.inner_folds} inner folds by AUC: threshold; "
        f"components of {', '.join(f'{n:g}' for n in search.n_components)}; mask of "
        f"{', '.join(mask.name for mask in search.masks)}. With equal priors a baseline calls a "
        "case where its probability exceeds the share of cases in training."
    )
    return Section("Models", [text, Table(("model", "what it is"), rows)])
