"""``reports/index.html``: all runs of a folder on one page."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from neurodecode.artefacts import write_text
from neurodecode.workflow.record import all_runs

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">
<title>neurodecode runs</title><style>body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;
margin:2rem auto;padding:0 1rem}}div{{overflow-x:auto}}
td,th{{text-align:left;padding:.3rem .8rem .3rem 0}}
</style></head><body><h1>Runs</h1><div><table><thead><tr><th>run</th><th>status</th><th>score</th>
<th>chance</th><th>started</th></tr></thead><tbody>
{rows}
</tbody></table></div></body></html>
"""


def write_index(reports: Path) -> Path:
    """Write ``index.html`` over every ``run.json`` below ``reports``; return its path."""
    rows = "\n".join(_row(path.relative_to(reports), run) for path, run in all_runs(reports))
    write_text(reports / "index.html", PAGE.format(rows=rows))
    return reports / "index.html"


def _row(path: Path, run: dict[str, Any]) -> str:
    score, chance = "-", "-"
    if isinstance(run.get("headline"), dict):
        score = "{metric} {value:.3f} [{ci_low:.3f}, {ci_high:.3f}]".format(**run["headline"])
        chance = f"{run['headline']['chance']:.2f}"
    link = f'<a href="{escape(path.as_posix(), quote=True)}/report.html">{escape(str(path))}</a>'
    cells = [link, *map(escape, (str(run.get("status")), score, chance, str(run.get("started"))))]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
