"""The paper's claims about cross-subject decoding, each tested on what this run has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.evaluation.bootstrap import Interval, mean_ci
from neurodecode.mindbridge.models import LINEAR, MEAN, NEITHER, NO_CYCLE, SINGLE
from neurodecode.report.model import Claim, Verdict
from neurodecode.report.verdicts import chance_verdict, paired_claim, row_of, score_text, side

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

NOT_HERE = "not part of this run"
MARGIN = 0.05
"""What one model for all may lose in accuracy and still count as about as good."""


@dataclass(frozen=True)
class Evidence:
    """What claims are judged by; accuracies are of image retrieval.

    Attributes
    ----------
    kind : str
        "simulated" or "real".
    group : mapping of str to Series
        Group row of each model.
    comparisons : DataFrame
        Main model minus each other one, over subjects.
    synthesis : DataFrame
        Hits on synthesised signals: ``source, subject, stimulus, hit, chance``.
    tuning : DataFrame
        Hits on new subjects: ``model, length, seed, subject, stimulus, hit``.
    n_voxels : tuple of int
        Fewest and most voxels of a subject.
    """

    kind: str
    group: Mapping[str, pd.Series]
    comparisons: pd.DataFrame
    synthesis: pd.DataFrame
    tuning: pd.DataFrame
    n_voxels: tuple[int, int]


def bridge_claims(found: Evidence, main: str) -> list[Claim]:
    """Answer the claims M1 to M7."""
    return [
        _as_good_as_single(found),
        *_aggregation(found, main),
        *_cycle(found),
        _synthesis(found),
        _augmentation(found),
        _reset(found),
        _limited(found),
    ]


def _as_good_as_single(found: Evidence) -> Claim:
    text = "One model for several subjects is about as good as subject-specific ones"
    row = row_of(found.comparisons, SINGLE)
    if row is None:
        return Claim("M1", text, found.kind, "-", "not tested", NOT_HERE)
    figure = f"{row['difference']:+.3f} [{row['ci_low']:+.3f}, {row['ci_high']:+.3f}]"
    verdict: Verdict = "holds" if row["ci_low"] > -MARGIN else "not shown"
    if row["ci_high"] < -MARGIN:
        verdict = "fails"
    note = f"all subjects minus {SINGLE}; holds if the interval stays above -{MARGIN:g}"
    return Claim("M1", text, found.kind, figure, verdict, note)


def _aggregation(found: Evidence, main: str) -> list[Claim]:
    text = "Adaptive aggregation copes with different input sizes"
    row = found.group[main]
    low, high = found.n_voxels
    note = f"{low} to {high} voxels pooled to one size"
    first = Claim("M2", text, found.kind, score_text(row), chance_verdict(row), note)
    if low == high:
        first = Claim("M2", text, found.kind, score_text(row), "not tested", "all sizes are equal")
    claims = [first]
    for key, name in (("M2b", MEAN), ("M2c", LINEAR)):
        against = row_of(found.comparisons, name)
        said = f"Largest value serves better than {name}"
        claims.append(
            Claim(key, said, found.kind, "-", "not tested", NOT_HERE)
            if against is None
            else paired_claim(key, said, against, found.kind, f"{main} minus {name}")
        )
    return claims


def _cycle(found: Evidence) -> list[Claim]:
    claims = []
    for key, name, text in (
        ("M3", NEITHER, "Cyclic reconstruction makes embeddings that subjects share"),
        ("M3b", NO_CYCLE, "The cycle alone helps"),
    ):
        row = row_of(found.comparisons, name)
        claims.append(
            Claim(key, text, found.kind, "-", "not tested", NOT_HERE)
            if row is None
            else paired_claim(key, text, row, found.kind, f"loss without it ({name})")
        )
    return claims


def _synthesis(found: Evidence) -> Claim:
    text = "Signals of subject B, synthesised from A, decode correctly"
    table = found.synthesis
    if table.empty:
        return Claim("M4", text, found.kind, "-", "not tested", NOT_HERE)
    by_stimulus = table.groupby("stimulus")["hit"].mean()
    chance = float(table["chance"].iloc[0])
    ci = mean_ci(by_stimulus, random_state=0, unit="stimulus")
    n_pairs = table[["source", "subject"]].drop_duplicates().shape[0]
    figure = f"{ci.estimate:.3f} [{ci.low:.3f}, {ci.high:.3f}], chance {chance:.3f}"
    verdict = side(ci.low - chance, ci.high - chance)
    return Claim("M4", text, found.kind, figure, verdict,
                 f"{n_pairs} ordered pairs, interval over {len(by_stimulus)} stimuli")  # fmt: skip


def _augmentation(found: Evidence) -> Claim:
    text = "Synthesised signals serve as augmentation"
    return _at_fewest("M5", text, found, "reset", "reset, no cycle")


def _reset(found: Evidence) -> Claim:
    text = "Reset-tuning adapts to a new subject"
    table = found.tuning[found.tuning["model"] == "reset"] if len(found.tuning) else found.tuning
    if table.empty:
        return Claim("M6", text, found.kind, "-", "not tested", NOT_HERE)
    most = table[table["length"] == table["length"].max()]
    values = most.groupby(["subject", "stimulus"])["hit"].mean()
    chance = float(most["chance"].iloc[0])
    ci = mean_ci(values, random_state=0, unit="stimulus")
    figure = f"{ci.estimate:.3f} [{ci.low:.3f}, {ci.high:.3f}], chance {chance:.3f}"
    verdict = side(ci.low - chance, ci.high - chance)
    n_new = most["subject"].nunique()
    who = "one new subject" if n_new == 1 else f"{n_new} new subjects"
    note = f"{most['length'].iloc[0]:.0f} stimuli of {who}"
    return Claim("M6", text, found.kind, figure, verdict, note)


def _limited(found: Evidence) -> Claim:
    text = "With limited data the adapted model beats a subject-specific one"
    return _at_fewest("M7", text, found, "reset", "scratch")


def _at_fewest(key: str, text: str, found: Evidence, first: str, second: str) -> Claim:
    """Compare two ways of training at the fewest stimuli: on the same test stimuli, and seeds."""
    table = found.tuning
    if table.empty or not {first, second} <= set(table["model"]):
        return Claim(key, text, found.kind, "-", "not tested", NOT_HERE)
    length = table["length"].min()
    few = table[table["length"] == length]
    over_stimuli, over_seeds = (
        _gain(few, index, first, second, unit)
        for index, unit in ((["subject", "stimulus"], "stimulus"), (["seed"], "seed"))
    )
    figure = f"{over_stimuli.estimate:+.3f} [{over_stimuli.low:+.3f}, {over_stimuli.high:+.3f}]"
    note = f"{first} minus {second}, {length:.0f} stimuli; interval over test stimuli"
    low, high = over_stimuli.low, over_stimuli.high
    if over_seeds.n > 1:  # both kinds of chance must agree
        low, high = min(low, over_seeds.low), max(high, over_seeds.high)
        note += f"; over {over_seeds.n} seeds [{over_seeds.low:+.3f}, {over_seeds.high:+.3f}]"
    return Claim(key, text, found.kind, figure, side(low, high), note)


def _gain(few: pd.DataFrame, index: list[str], first: str, second: str, unit: str) -> Interval:
    wide = few.pivot_table(index=index, columns="model", values="hit", aggfunc="mean")
    gain = (wide[first] - wide[second]).to_numpy(float)
    return mean_ci(gain[np.isfinite(gain)], random_state=0, unit=unit, expand=True)
