"""What a report is made of, before it is HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["holds", "fails", "not shown", "not tested"]


@dataclass(frozen=True)
class Figure:
    """An SVG drawing with the text that stands for it where it cannot be seen."""

    svg: str
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of text; ``folded`` tables open on a click."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    caption: str = ""
    folded: bool = False


@dataclass(frozen=True)
class Code:
    """Text shown as it is, folded."""

    text: str
    caption: str


Block = Figure | Table | Code | str


@dataclass(frozen=True)
class Section:
    """A headed part of the report; plain strings among the blocks are paragraphs."""

    title: str
    blocks: Sequence[Block]

    @property
    def anchor(self) -> str:
        """The section's link target."""
        return "".join(c if c.isalnum() else "-" for c in self.title.lower())


@dataclass(frozen=True)
class Claim:
    """One statement of the paper, how it was tested here, and what came out.

    Attributes
    ----------
    evidence : str
        "simulated", "real" or "parity".
    figure : str
        Our number with its interval.
    """

    key: str
    text: str
    evidence: str
    figure: str
    verdict: Verdict
    note: str = ""


@dataclass(frozen=True)
class Headline:
    """The one number of the report.

    ``ceiling`` is the best score any decoder could reach, known for simulated data only.
    ``spread`` and ``baseline`` name what the bounds and ``chance`` are where the number is not a
    decoder's score.
    """

    label: str
    metric: str
    value: float
    ci_low: float
    ci_high: float
    chance: float
    p_value: float | None
    n: int
    unit: str
    ceiling: float | None = None
    spread: str = "95 % interval"
    baseline: str = "chance"

    @property
    def sentence(self) -> str:
        """The number in words."""
        text = (
            f"{self.label}: {self.metric} {self.value:.3f} "
            f"({self.spread} {self.ci_low:.3f} to {self.ci_high:.3f}, {self.n} {self.unit}s), "
            f"{self.baseline} {self.chance:.2f}"
        )
        if self.ceiling is not None:
            text += f", best possible {self.ceiling:.3f}"
        return text


@dataclass(frozen=True)
class Report:
    """A whole report."""

    title: str
    subtitle: str
    headline: Headline
    sections: Sequence[Section]
    data: dict[str, Any] = field(default_factory=dict)
