"""The graph of jobs as plain SVG, drawn without graphviz."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

Edges = Sequence[tuple[str, str]]

WIDTH, HEIGHT, GAP_X, GAP_Y = 150, 34, 50, 12
COLOURS = {"fetch": "#8a94a6", "prepare": "#4c9f9f", "train": "#2f7ed8", "evaluate": "#7b61c9",
           "report": "#c9822b"}  # fmt: skip


def parse_mermaid(text: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Read nodes (id to label) and edges of a Mermaid flowchart as Snakemake writes it."""
    nodes = {
        match[1]: " ".join(re.split(r"<br\s*/?>|\\n|\s+", match[2].strip("\"' ")))
        for match in re.finditer(r"^\s*(\w+)\[(.*)\]\s*$", text, flags=re.MULTILINE)
    }
    edges = [
        (m[1], m[2]) for m in re.finditer(r"^\s*(\w+)\s*-->\s*(\w+)", text, flags=re.MULTILINE)
    ]
    return nodes, edges


def plan_graph(
    dataset: str, stores: Mapping[str, Sequence[str]], units: Mapping[str, Sequence[str]]
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return the rules of a plan as nodes with their number of jobs, and the edges between them."""
    nodes = {
        "fetch": f"fetch {dataset}",
        "prepare": f"prepare x {len(stores)}",
        "train": f"train x {len(units)}",
        "evaluate": f"evaluate x {len(units)}",
        "report": "report",
    }
    names = list(nodes)
    return nodes, [*pairwise(names), ("prepare", "evaluate")]


def draw_dag(nodes: Mapping[str, str], edges: Edges) -> str:
    """Draw a directed acyclic graph from left to right, one column per depth."""
    columns = _columns(nodes, edges)
    place = {
        node: (x * (WIDTH + GAP_X), y * (HEIGHT + GAP_Y))
        for x, column in enumerate(columns)
        for y, node in enumerate(column)
    }
    width = len(columns) * (WIDTH + GAP_X) - GAP_X + 4
    height = max(map(len, columns), default=1) * (HEIGHT + GAP_Y) - GAP_Y + 4
    lines = [_edge(place[a], place[b]) for a, b in edges if a in place and b in place]
    boxes = [_box(nodes[node], *place[node]) for node in place]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 -2 {width} {height}" '
        f'font-family="sans-serif" font-size="12" style="max-width:{width}px">'
        + "".join([*lines, *boxes])
        + "</svg>"
    )


def _columns(nodes: Mapping[str, str], edges: Edges) -> list[list[str]]:
    """Group nodes by their longest distance from a source."""
    sources = defaultdict(list)
    for before, after in edges:
        sources[after].append(before)
    depth: dict[str, int] = {}

    def depth_of(node: str) -> int:
        if node not in depth:
            depth[node] = max((depth_of(before) + 1 for before in sources[node]), default=0)
        return depth[node]

    columns: dict[int, list[str]] = defaultdict(list)
    for node in nodes:
        columns[depth_of(node)].append(node)
    return [columns[level] for level in sorted(columns)]


def _edge(start: tuple[int, int], end: tuple[int, int]) -> str:
    x1, y1, x2, y2 = start[0] + WIDTH, start[1] + HEIGHT / 2, end[0], end[1] + HEIGHT / 2
    bend = (x1 + x2) / 2
    return (
        f'<path d="M{x1},{y1} C{bend},{y1} {bend},{y2} {x2},{y2}" fill="none" '
        'stroke="#8a94a6" stroke-width="1.2"/>'
    )


def _box(label: str, x: int, y: int) -> str:
    colour = COLOURS.get(label.split()[0] if label.split() else "", "#8a94a6")
    shown = label if len(label) <= 24 else label[:23] + "\u2026"
    return (
        f'<g><title>{html.escape(label)}</title><rect x="{x}" y="{y}" width="{WIDTH}" '
        f'height="{HEIGHT}" rx="6" fill="{colour}"/><text x="{x + WIDTH / 2}" '
        f'y="{y + HEIGHT / 2 + 4}" text-anchor="middle" fill="#fff">{html.escape(shown)}</text></g>'
    )
