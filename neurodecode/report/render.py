"""A report as one HTML file (no script, nothing from outside) and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from neurodecode import __version__
from neurodecode.artefacts import write_json, write_text
from neurodecode.report.model import Report


def write_report(report: Report, folder: Path) -> Path:
    """Write ``report.html`` and ``report.json`` into a run folder; return the former's path."""
    write_text(folder / "report.html", render(report))
    write_json(folder / "report.json", {"headline": asdict(report.headline), **report.data})
    return folder / "report.html"


def render(report: Report) -> str:
    """Return the report as HTML; every name and text is escaped, only our own SVG is not."""
    return render_page("template.html.j2", report=report)


def render_page(template: str, **content: Any) -> str:
    """Return a page of this folder's templates as HTML, with autoescape.

    Parameters
    ----------
    template : str
        File name; ``style.css`` is the look that all of them include.
    **content
        What the template names, beside ``version``.
    """
    environment = Environment(
        loader=PackageLoader("neurodecode.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["trusted_svg"] = Markup
    environment.filters["pvalue"] = p_text
    return environment.get_template(template).render(**content, version=__version__)


def p_text(p: Any) -> str:
    """Word a p-value: "= 0.012", "< 0.001", "not tested"."""
    if p is None or p != p:
        return "not tested"
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"
