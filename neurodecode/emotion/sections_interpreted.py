"""Sections of the emotion report on the inside of networks: regions, scalp, plane, global node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.channels import canonical_name
from neurodecode.emotion.embedding import HELD_OUT
from neurodecode.emotion.positions import electrode_positions
from neurodecode.report.bands import band_figure
from neurodecode.report.model import Block, Section, Table
from neurodecode.report.planes import Plane, plane_figure
from neurodecode.report.scalp import scalp_figure
from neurodecode.report.sections import f3
from neurodecode.report.shares import share_figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from neurodecode.emotion.embedding import Embedding
    from neurodecode.emotion.interpreted import Interpretation

BEFORE, AFTER = "signals before messages", "signals after messages"
MONTAGE = "standard_1005"
"""Where electrodes are taken to lie unless positions are given."""
MAPS = {
    "node, mean": ("channels", "mean"),
    "node, spread": ("channels", "spread"),
    "region, mean": ("regions", "mean"),
    "region, spread": ("regions", "spread"),
}
"""Columns of the scalp maps: their table and column."""


def interpreted_sections(
    found: Mapping[str, Interpretation],
    embeddings: Mapping[str, Embedding] | None = None,
    *,
    positions: Any = None,
    rating: str = "rating",
    lowest: int = 1,
) -> list[Section]:
    """Return all sections that interpretations allow.

    Parameters
    ----------
    found : mapping of str to Interpretation
        By what the report calls them, as "before calibration" and "after calibration", the one
        that the report is about last; of one hierarchy. At most three.
    embeddings : mapping of str to Embedding, optional
        To be shown side by side, as of smoothed and one-hot labels, or of several networks;
        default: those of ``found``.
    positions : mne.Info or mapping of str to array-like, optional
        Of the electrodes; default: by name from a standard montage.
    rating : str, default="rating"
        Whose levels are shown, as "valence".
    lowest : int, default=1
        Rating of level 0.
    """
    planes = {k: f.embedding for k, f in found.items()} if embeddings is None else embeddings
    return [
        *importance_section(found),
        *maps_section(found, positions),
        *embedding_section(planes, rating=rating, lowest=lowest),
        *trace_section(found),
    ]


def importance_section(found: Mapping[str, Interpretation]) -> list[Section]:
    """Return how much each region counts in the global node, and each electrode in its region."""
    regions = {k: f.regions for k, f in found.items() if f.regions["weight"].notna().any()}
    blocks: list[Block] = []
    if regions:
        text = (
            "The global node is a weighted mean of the regions, once of their signals before and "
            "once of those after the exchange of messages. Weights follow from each window; they "
            "sum to 1."
        )
        even = 1 / len(next(iter(regions.values())))
        bars = share_figure(_shares(regions), even=even, xlabel="weight in the global node",
                            name="regions")  # fmt: skip
        blocks += [text, bars]
    channels = {k: f.channels for k, f in found.items() if f.channels["weight"].notna().any()}
    if channels:
        rows = [
            (title, row.region, row.channel, f3(row.weight), f3(row.weight_spread),
             f3(row.weight_passed), f3(row.weight_passed_spread))
            for title, table in channels.items() for row in table.itertuples()
        ]  # fmt: skip
        columns = ("", "region", "electrode", BEFORE, "spread", AFTER, "spread")
        blocks.append(Table(columns, rows, "Weight of each electrode in its region", folded=True))
    return [Section("Regions", blocks)] if blocks else []


def maps_section(found: Mapping[str, Interpretation], positions: Any = None) -> list[Section]:
    """Return scalp maps of node and region signals, a row per interpretation."""
    names = list(next(iter(found.values())).channels["channel"])
    places, lost = _places(names, positions)
    if lost:
        return [Section("Scalp", [f"No maps: no position of {', '.join(lost)}."])]
    rows = {title: _maps(each) for title, each in found.items()}
    flat = [each for each in found.values() if each.regions.empty]
    caption = (
        "Mean and standard deviation over the samples of a window, averaged over windows; each "
        "column has one scale. Seen from above, nose up; between electrodes values are "
        "interpolated."
    )
    patches = frozenset(column for column, (table, _) in MAPS.items() if table == "regions")
    figure = scalp_figure(rows, places, name="scalp", patches=patches, caption=caption)
    text = "Signals of the electrodes' nodes, joined with what they were sent"
    text += "." if flat else "; and of the regions, drawn at their electrodes."
    return [Section("Scalp", [text, figure, _map_table(found)])]


def embedding_section(
    embeddings: Mapping[str, Embedding], *, rating: str = "rating", lowest: int = 1
) -> list[Section]:
    """Return the planes side by side, with the path of the levels in each."""
    if not embeddings:
        return []
    levels = sorted({int(k) for e in embeddings.values() for k in e.points["level"].unique()})
    planes = {title: _plane(each, lowest) for title, each in embeddings.items()}
    methods = {"lda": "linear discriminants", "pca": "principal components"}
    said = sorted({methods[each.method] for each in embeddings.values()})
    scores = "; ".join(f"{title}: {plane.note}" for title, plane in planes.items())
    caption = (
        f"What the last layer reads, in a plane ({' or '.join(said)}) fitted to other windows than "
        f"those shown; arrows join the means of the levels in their order. {scores}."
    )
    figure = plane_figure(
        planes, levels=[str(k + lowest) for k in levels], label=rating, name="plane",
        caption=caption,
    )  # fmt: skip
    text = (
        "Order: Kendall's tau (its magnitude) between the levels and the places of their means "
        "along the path's main axis; 1 is in order. Straightness: distance from the first mean to "
        "the last over the length of the path."
    )
    rows = [
        (title, f3(each.path.order), len(each.path.crossings), _pieces(each, lowest),
         f3(each.path.straightness), (each.points["part"] == HELD_OUT).sum(), methods[each.method])
        for title, each in embeddings.items()
    ]  # fmt: skip
    columns = ("", "order", "crossings", "pieces that cross", "straightness", "windows shown",
               "plane")  # fmt: skip
    return [Section("Order of the levels", [text, figure, Table(columns, rows)])]


def trace_section(found: Mapping[str, Interpretation]) -> list[Section]:
    """Return the global node's signal over time, with its band."""
    traces = {title: each.trace for title, each in found.items() if not each.trace.empty}
    if not traces:
        return []
    table = pd.concat(
        [trace.rename(columns={"time": "x", "mean": "y"}).assign(line=title)
         for title, trace in traces.items()],
        ignore_index=True,
    )  # fmt: skip
    figure = band_figure(
        table, xlabel="time in the window, s", ylabel="global node", name="trace",
        caption="Mean over windows; the band holds the middle 68 % of them.",
    )  # fmt: skip
    return [Section("Global node", [figure])]


def _shares(regions: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    parts = [
        table.assign(panel=panel, line=title, label=table["region"], value=table[column],
                     spread=table[f"{column}_spread"])
        for title, table in regions.items()
        for panel, column in ((BEFORE, "weight"), (AFTER, "weight_passed"))
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)[["panel", "line", "label", "value", "spread"]]


def _maps(each: Interpretation) -> dict[str, NDArray[np.float64]]:
    """Return a value per electrode for every map; a region's value stands at its electrodes."""
    regions = each.regions.set_index("region").reindex(each.channels["region"])
    tables = {"channels": each.channels, "regions": regions}
    return {
        title: tables[table][column].to_numpy(np.float64)
        for title, (table, column) in MAPS.items()
        if table == "channels" or not each.regions.empty
    }


def _map_table(found: Mapping[str, Interpretation]) -> Table:
    rows = [
        (title, *row)
        for title, each in found.items()
        for kind, table in (("region", each.regions), ("channel", each.channels))
        for row in zip(table[kind], *(table[c].map(f3) for c in COLUMNS), strict=True)
    ]
    return Table(("", "region or electrode", *COLUMNS.values()), rows, "Values of the maps",
                 folded=True)  # fmt: skip


COLUMNS = {
    "mean": "mean",
    "spread": "spread",
    "mean_scaled": "mean, rescaled to 0 to 1",
    "spread_scaled": "spread, rescaled",
}


def _places(names: Sequence[str], source: Any) -> tuple[dict[str, NDArray[np.float64]], list[str]]:
    """Return the positions of electrodes by name, and the names that have none."""
    source = _standard_positions() if source is None else source
    known = {canonical_name(name): place for name, place in electrode_positions(source).items()}
    lost = [name for name in names if canonical_name(name) not in known]
    return {name: known[canonical_name(name)] for name in names if name not in lost}, lost


def _standard_positions() -> dict[str, NDArray[np.float64]]:
    """Return all sites of the standard montage, from the middle of the sphere nearest to them."""
    import mne

    from neurodecode.datasets.montage import standard_montage

    montage = standard_montage(MONTAGE)
    # an Info turns them to coordinates of the head
    info = mne.create_info(montage.ch_names, 1.0, "eeg").set_montage(montage)
    places = np.array(list(electrode_positions(info).values()))
    # |p|^2 = 2 p.c + (r^2 - |c|^2), linear in the centre c
    equations = np.c_[2 * places, np.ones(len(places))]
    centre = np.linalg.lstsq(equations, (places**2).sum(axis=1), rcond=None)[0][:3]
    return dict(zip(montage.ch_names, places - centre, strict=True))


def _plane(each: Embedding, lowest: int) -> Plane:
    shown = each.points[each.points["part"] == HELD_OUT]
    crossings = len(each.path.crossings)
    return Plane(
        shown[["x", "y"]].to_numpy(np.float64),
        np.array([str(k + lowest) for k in shown["level"]]),
        [str(k + lowest) for k in each.path.levels],
        each.path.centroids,
        f"order {f3(each.path.order)}, {crossings or 'no'} crossing{'s' * (crossings != 1)}",
    )


def _pieces(each: Embedding, lowest: int) -> str:
    """Name the crossing pieces of a path by the ratings that they join."""
    levels = list(each.path.levels + lowest)
    follower = dict(zip(each.path.levels.tolist(), levels[1:], strict=False))
    said = [
        " with ".join(f"{start + lowest}-{follower[start]}" for start in pair)
        for pair in each.path.crossings
    ]
    return ", ".join(said) or "-"
