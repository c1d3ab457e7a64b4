"""Write "what holds here" into the pages of the decoders, from the reports of runs.

``python tools/results.py reports/*/demo`` renews the claims tables and pictures of all pages. In
``docs/decoders/PIPELINE.md`` they stand between ``<!-- results: EXPERIMENT -->`` and
``<!-- results_end -->``; the rest of the page stays as it is. A run that is unfinished, or whose
settings are not those of the experiment as shipped, is refused.
"""

from __future__ import annotations

import base64
import html
import io
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from docs_hook import PROJECT, table
from PIL import Image

from neurodecode.artefacts import read_json, write_text
from neurodecode.config import read_yaml, validate
from neurodecode.faults import ConfigFault, Fault, unknown

PAGES = PROJECT.root / "docs" / "decoders"
PICTURES: Mapping[str, Sequence[str]] = {
    "acm": ("scores-within-session", "comparisons-within-session"),
    "speech": ("scores-sentence-hash", "a-new-participant"),
    "image": ("redrawn-pictures", "time-course"),
    "mindbridge": ("scores-shared-test", "redrawn-pictures"),
    "emotion": ("scores-valence-leave-clips-out", "order-of-the-levels"),
    "spikes": ("scores-blocked-time", "wiring"),
    "adhd": ("scores-stratified", "maps"),
    "mci": ("scores-balanced", "regions/2"),
}
"""Sections of the report whose first picture is shown (``/2``: the second), by pipeline."""
HEAD = ["claim", "here", "figure", "what the figure is"]
INK = ":root{color:#1b2430}@media(prefers-color-scheme:dark){:root{color:#e6eaf0}}"
LARGEST = 180_000  # bytes of a picture
COLOURS = (256, 128, 64, 32)  # of an embedded raster image, fewer where it would be too large
DRAWN = re.compile(
    r'<h2 id="(?P<section>[^"]+)">'
    r'|<figure role="img" aria-label="(?P<alt>[^"]*)">(?P<svg><svg.*?</svg>)\s*'
    r"(?:<figcaption>(?P<caption>.*?)</figcaption>)?</figure>",
    flags=re.DOTALL,
)
LINE = r'<g id="[^"]*">\s*<path d="[^"]*" {look}/>\s*</g>\s*'
LOOK = r'(?P<look>clip-path="[^"]*" style="fill: none;[^"]*")'
LINES = re.compile(LINE.format(look=LOOK) + "(?:" + LINE.format(look="(?P=look)") + ")+")
"""Lines of one look in a row, of which the outline of a brain has a thousand."""
PATH = re.compile(r' d="([^"]*)"')
RASTER = re.compile(r"data:image/png;base64,\s*([A-Za-z0-9+/=\s]+)")


@dataclass(frozen=True)
class Picture:
    """A drawing of a report: the anchor of its section, a file of its own, the texts beside it."""

    section: str
    svg: str
    alt: str
    caption: str


def renew(run: Path, pages: Path = PAGES) -> Path:
    """Write claims table and pictures of one run into its pipeline's page.

    Parameters
    ----------
    run : Path
        Folder with ``run.json``, ``config.yaml``, ``report.json`` and ``report.html``.
    pages : Path
        Folder with a page per pipeline; pictures go to ``figures`` below it.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    ConfigFault
        If the run is unfinished or has other settings than its experiment, if the page has no
        place for it, or if the report lacks a picture of :data:`PICTURES`.
    """
    record = read_json(run / "run.json")
    pipeline, experiment = record["pipeline"], record["experiment"]
    require_shipped(run, record)
    page = pages / f"{pipeline}.md"
    text = page.read_text(encoding="utf-8")
    place = re.compile(
        rf"(?<=^<!-- results: {re.escape(experiment)} -->\n).*?(?=^<!-- results_end -->$)",
        flags=re.MULTILINE | re.DOTALL,
    )
    if not place.search(text):
        raise ConfigFault(f"no line '<!-- results: {experiment} -->'", where=str(page))
    shown = chosen(pictures((run / "report.html").read_text(encoding="utf-8")), pipeline)
    drawn = write_pictures(shown, pages / "figures", f"{pipeline}-{experiment}")
    body = "\n\n".join([*claims(read_json(run / "report.json")), origin(record), *drawn])
    write_text(page, place.sub(lambda _: f"\n{body}\n\n", text))
    return page


def require_shipped(run: Path, record: Mapping[str, Any]) -> None:
    """Refuse an unfinished run, and one with settings of its own."""
    if record["status"] != "complete":
        raise ConfigFault(f"the run is {record['status']}", where=str(run), fix="finish it first")
    pipeline = PROJECT.pipeline(record["pipeline"])
    used = validate(pipeline.config_model, read_yaml(run / "config.yaml"))
    if used != pipeline.load(record["experiment"]):
        raise ConfigFault("settings are not those of the experiment", where=str(run),
                          fix=f"run {record['pipeline']} {record['experiment']} again")  # fmt: skip


def claims(content: Mapping[str, Any]) -> list[str]:
    """Return the headline and the claims table of a ``report.json``, as Markdown."""
    head = content["headline"]
    ceiling = "" if head["ceiling"] is None else f", best possible {head['ceiling']:.3f}"
    line = (
        f"{plain(head['label'])}: **{head['value']:.3f}** {plain(head['metric'])} "
        f"({head['spread']} {head['ci_low']:.3f} to {head['ci_high']:.3f}, "
        f"{head['n']} {head['unit']}s), {head['baseline']} {head['chance']:.3f}{ceiling}."
    )
    rows = [
        [f"**{c['key']}** {plain(c['text'])}", c["verdict"], plain(c["figure"]), plain(c["note"])]
        for c in content["claims"]
    ]
    return [line, table(HEAD, rows)]


def origin(record: Mapping[str, Any]) -> str:
    """Return the line that says which run the numbers are from."""
    commit = f" at commit {record['git_commit']}" if record.get("git_commit") else ""
    return (
        f"From the report of `neurodecode run {record['pipeline']} {record['experiment']}` on "
        f"{record['dataset']}, seed {record['seed']}, version {record['neurodecode']}{commit}, "
        f"{record['started'][:10]}."
    )


def pictures(page: str) -> list[Picture]:
    """Return the drawings of a ``report.html``, in their order."""
    found, section = [], ""
    for part in DRAWN.finditer(page):
        if part["section"]:
            section = re.sub("-+", "-", part["section"])
        else:
            texts = html.unescape(part["alt"]), html.unescape(part["caption"] or "")
            found.append(Picture(section, part["svg"], *texts))
    return found


def chosen(found: Sequence[Picture], pipeline: str) -> list[Picture]:
    """Return the pictures that a pipeline's page shows; of an unlisted pipeline the first."""
    shown = []
    for wanted in PICTURES.get(pipeline, [picture.section for picture in found[:1]]):
        section, _, number = wanted.partition("/")
        inside = [picture for picture in found if picture.section == section]
        if len(inside) < int(number or 1):
            raise ConfigFault(unknown("picture of the report", wanted, [p.section for p in found]))
        shown.append(inside[int(number or 1) - 1])
    return shown


def write_pictures(shown: Sequence[Picture], folder: Path, prefix: str) -> list[str]:
    """Write each picture to a file in place of earlier ones; return their Markdown."""
    for old in folder.glob(f"{prefix}-*.svg"):
        old.unlink()
    lines = []
    for picture in shown:
        path = folder / f"{prefix}-{picture.section}.svg"
        path.parent.mkdir(exist_ok=True)
        write_text(path, standalone(picture.svg))
        alt = picture.alt.translate(str.maketrans("[]", "()"))
        lines.append(f"![{alt}]({folder.name}/{path.name})")
        lines += [f"*{plain(picture.caption)}*"] if picture.caption else []
    return lines


def standalone(svg: str) -> str:
    """Return an inline SVG of a report as a file: sized, legible on dark pages, light.

    Raises
    ------
    ConfigFault
        If it stays above :data:`LARGEST` with the fewest of :data:`COLOURS`.
    """
    width, height = re.findall(r'viewBox="\S+ \S+ (\S+) (\S+)"', svg)[0]
    shown = float(re.findall(r"max-width:(\d+)px", svg)[0])
    size = f'<svg width="{shown:.0f}" height="{shown * float(height) / float(width):.0f}"'
    text = svg.replace("<svg", size, 1).replace(">", f"><style>{INK}</style>", 1)
    text = re.sub(r">\s+<", "><", PATH.sub(_rounded, LINES.sub(_joined, text)))
    for colours in COLOURS:
        light = RASTER.sub(partial(_lighter, colours), text)
        if len(light) <= LARGEST:
            return light
    raise ConfigFault(f"a picture of {len(light)} bytes, more than {LARGEST}")


def _joined(found: re.Match[str]) -> str:
    """Return lines of one look as a single path."""
    return f'<path d="{" ".join(PATH.findall(found[0]))}" {found["look"]}/>\n'


def _rounded(found: re.Match[str]) -> str:
    """Return a path with coordinates to a tenth of a point; no move to where the pen is."""
    numbers = re.sub(r"-?\d+\.\d{2,}", lambda n: f"{round(float(n[0]), 1):g}", found[1])
    path = re.sub(r"(\S+ \S+) M \1(?= )", r"\1", " ".join(numbers.split()))
    packed = re.sub(r" ?([A-Za-z]) ?", r"\1", path)
    return f' d="{packed}"'


def _lighter(colours: int, found: re.Match[str]) -> str:
    """Return an embedded image with fewer colours."""
    image = Image.open(io.BytesIO(base64.b64decode(found[1]))).convert("RGBA")
    buffer = io.BytesIO()
    image.quantize(colours, method=Image.Quantize.FASTOCTREE).save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def plain(text: str) -> str:
    """Return text whose signs mean nothing in Markdown; an interval stays on one line."""
    whole = re.sub(r"\[\S+, \S+\]", lambda found: found[0].replace(" ", "&nbsp;"), text)
    return re.sub(r"([*_`\[\]])", r"\\\1", whole.replace("<", "&lt;"))


def main() -> None:
    """Renew the page of each run that is named, and say which."""
    for name in sys.argv[1:]:
        try:
            print(renew(Path(name)))
        except Fault as fault:
            sys.exit(f"error: {fault}")


if __name__ == "__main__":
    main()
