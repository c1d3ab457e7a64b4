"""Verdicts on claims, from paired differences and from scores against chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.report.model import Claim, Verdict

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05


def paired_claim(key: str, text: str, row: pd.Series, evidence: str, note: str) -> Claim:
    """Return a claim that a difference is above 0: its interval and its test must say so."""
    figure = f"{row['difference']:+.3f} [{row['ci_low']:+.3f}, {row['ci_high']:+.3f}]"
    verdict = side(row["ci_low"], row["ci_high"])
    if verdict == "holds" and not row["p"] < ALPHA:
        verdict = "not shown"
    return Claim(key, text, evidence, figure, verdict, note)


def side(low: float, high: float) -> Verdict:
    """Return on which side of 0 an interval lies."""
    return "holds" if low > 0 else "fails" if high < 0 else "not shown"


def row_of(table: pd.DataFrame | None, name: str) -> pd.Series | None:
    """Return the comparison with one decoder; None where there is none."""
    if table is None or table.empty:
        return None
    rows = table[table["model"] == name]
    return None if rows.empty else rows.iloc[0]


def chance_verdict(row: pd.Series) -> Verdict:
    """Return whether a score is above chance: its interval and its test must say so."""
    above = low(row) > row["chance"] and p_of(row) < ALPHA
    return "holds" if above else "fails" if high(row) < row["chance"] else "not shown"


def score_text(row: pd.Series) -> str:
    """Return a score with its interval and chance, in words."""
    return f"{row['value']:.3f} [{low(row):.3f}, {high(row):.3f}], chance {row['chance']:.3f}"


def low(row: pd.Series) -> float:
    """Return the lower bound of a metric row, NaN where there is none."""
    return float("nan") if row["ci_low"] is None else float(row["ci_low"])


def high(row: pd.Series) -> float:
    """Return the upper bound of a metric row, NaN where there is none."""
    return float("nan") if row["ci_high"] is None else float(row["ci_high"])


def p_of(row: pd.Series) -> float:
    """Return the p-value of a metric row, 1 where there is none."""
    return 1.0 if row["p_value"] is None else float(row["p_value"])
