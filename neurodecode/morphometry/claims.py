"""The paper's claims about brain measures, each tested on what this run has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurodecode.datasets.morphometry.names import parts_of
from neurodecode.morphometry.collected import AROC, Collected
from neurodecode.morphometry.evaluation import model_name
from neurodecode.morphometry.forms import form_of
from neurodecode.report.model import Claim, Verdict
from neurodecode.report.verdicts import paired_claim, score_text, side

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from neurodecode.morphometry.config import MCIConfig

NOT_HERE = "the models are not part of this run"
Z, BEST, IMBALANCE, AGE = "z-score", "gaussian nb", "rusboost", "age-sex-eTIV"
REGIONS = {
    "entorhinal": -1, "hippocampus": -1, "lateral_ventricle": 1, "lateralorbitofrontal": -1,
}  # fmt: skip
"""Regions of the paper, and whether they are larger (1) or smaller in who becomes impaired."""


@dataclass(frozen=True)
class Evidence:
    """What claims are judged by.

    Attributes
    ----------
    kind : str
        "simulated" or "real".
    scores : Collected
    config : MCIConfig
    differences : DataFrame
        See :func:`~neurodecode.morphometry.regions.region_statistics`.
    impairment : bool
        Whether the groups are those of the paper, people who stay healthy and who become impaired;
        elsewhere figures are shown and nothing is judged.
    """

    kind: str
    scores: Collected
    config: MCIConfig
    differences: pd.DataFrame
    impairment: bool

    @property
    def balanced(self) -> str | None:
        """The first form in which people are drawn to equal numbers; else the first form."""
        forms = [form for form in self.config.forms if form_of(form).balanced]
        return forms[0] if forms else self.config.forms[0]


def mci_claims(found: Evidence) -> list[Claim]:
    """Answer the claims C1 to C7."""
    claims = [_harmonised(found), _z_best(found), _bayes_best(found), _rusboost(found),
              _regions(found), _matched(found), _age(found)]  # fmt: skip
    return claims if found.impairment else [_not_judged(claim) for claim in claims]


def _not_judged(claim: Claim) -> Claim:
    note = f"{claim.note}; other groups than the paper's, so the figure is no test"
    return Claim(claim.key, claim.text, claim.evidence, claim.figure, "not tested", note)


def _harmonised(found: Evidence) -> Claim:
    """Compare z-scores, or another regression, with raw values over all classifiers."""
    text = "Harmonisation by polynomial regression improves classification"
    form = found.balanced
    for name in (Z, "residual"):
        row = _mean_difference(found, form, name, "raw")
        if row is not None:
            note = f"AROC, {name} minus raw, mean over classifiers, {form}"
            return paired_claim("C1", text, row, found.kind, note)
    return Claim("C1", text, found.kind, "-", "not tested", NOT_HERE)


def _z_best(found: Evidence) -> Claim:
    text = "Its z-score form is the best one"
    others = [name for name in found.config.harmonisations if name != Z]
    rows = [(name, row) for name in others
            if (row := _mean_difference(found, found.balanced, Z, name)) is not None]  # fmt: skip
    if not rows:
        return Claim("C2", text, found.kind, "-", "not tested", NOT_HERE)
    note = f"AROC, z-score minus the strongest of {len(rows)}, mean over classifiers"
    if found.config.search.spread == "constant":
        note += "; with one SD per measure z-scores are residuals in another unit"
    return _against_all("C2", text, found.kind, rows, note)


def _bayes_best(found: Evidence) -> Claim:
    text = "Gaussian naive Bayes on z-scores is the best classifier of a balanced cohort"
    note = f"AROC, {found.balanced}, minus the strongest of {{n}}"
    return _best_classifier(found, "C3", text, found.balanced, BEST, AROC, note)


def _rusboost(found: Evidence) -> Claim:
    """RUSBoost copes if it calls more evenly than every other classifier."""
    text = "RUSBoost copes with groups of unequal size"
    form = next((f for f in found.config.forms if not form_of(f).balanced), None)
    note = "balanced accuracy at the stated threshold, unequal groups, minus the strongest of {n}"
    return _best_classifier(found, "C4", text, form, IMBALANCE, "balanced_accuracy", note)


def _best_classifier(
    found: Evidence, key: str, text: str, form: str | None, name: str, metric: str, note: str
) -> Claim:
    config = found.config
    harmonisation = Z if Z in config.harmonisations else config.harmonisations[0]
    others = [model_name(c, harmonisation) for c in config.classifiers if c != name]
    if form is None or name not in config.classifiers or not others:
        return Claim(key, text, found.kind, "-", "not tested", NOT_HERE)
    own = model_name(name, harmonisation)
    table = found.scores.compared(form, own, others, metric)
    score = found.scores.row(form, own, metric)
    assert score is not None
    rows = [(str(row["model"]), row) for _, row in table.iterrows()]
    said = f"{note.format(n=len(rows))}; its own: {score_text(score)}"
    return _against_all(key, text, found.kind, rows, said)


def _against_all(
    key: str, text: str, kind: str, rows: Sequence[tuple[str, pd.Series[Any]]], note: str
) -> Claim:
    """Judge a claim that one is better than each of some: the strongest is shown."""
    name, worst = min(rows, key=lambda entry: float(entry[1]["difference"]))
    sides = [side(row["ci_low"], row["ci_high"]) for _, row in rows]
    verdict: Verdict = "not shown"
    if "fails" in sides:
        verdict = "fails"
    elif set(sides) == {"holds"}:
        verdict = "holds"
    figure = f"{worst['difference']:+.3f} [{worst['ci_low']:+.3f}, {worst['ci_high']:+.3f}]"
    return Claim(key, text, kind, figure, verdict, f"{note} ({name})")


def _regions(found: Evidence) -> Claim:
    """Count the four regions that differ on the paper's side, by the false discovery rate."""
    text = ("Entorhinal cortex, hippocampus, lateral ventricle and lateral orbitofrontal cortex "
            "differ")  # fmt: skip
    table = found.differences.set_index("measure")
    columns = {name: parts_of([name], table.index) for name in REGIONS}
    if not all(columns.values()):
        return Claim("C5", text, found.kind, "-", "not tested", "measures of them are missing")
    right, wrong = [], []
    for name, measures in columns.items():
        tested = table.loc[measures]
        mine = tested[tested["significant"]]
        right += [name] if (mine["hedges_g"] * REGIONS[name] > 0).any() else []
        wrong += [name] if (mine["hedges_g"] * REGIONS[name] < 0).any() else []
    verdict: Verdict = "holds" if len(right) == len(REGIONS) and not wrong else "not shown"
    verdict = "fails" if wrong else verdict
    strongest = (
        table.loc[[m for measures in columns.values() for m in measures], "hedges_g"].abs().max()
    )
    note = (
        "any measure of any side at a false discovery rate of "
        f"{100 * found.config.evaluation.fdr:g} %; largest |g| {strongest:.2f}; of all measures "
        f"{int(table['significant'].sum())} significant"
    )
    return Claim("C5", text, found.kind, f"{len(right)} of {len(REGIONS)}", verdict, note)


def _matched(found: Evidence) -> Claim:
    text = "Matching by age improves further"
    model = model_name(*found.config.main)
    row = found.scores.forms_compared("matched", "balanced", model)
    if row is None:
        return Claim("C6", text, found.kind, "-", "not tested",
                     "needs the forms 'matched' and 'balanced'")  # fmt: skip
    figure = f"{row['difference']:+.3f} [{row['ci_low']:+.3f}, {row['ci_high']:+.3f}]"
    note = f"AROC of {model}, matched minus balanced; other people in each, so nothing is paired"
    return Claim("C6", text, found.kind, figure, side(row["ci_low"], row["ci_high"]), note)


def _age(found: Evidence) -> Claim:
    """Ours: what the main model knows beyond age, sex and head size."""
    text = "Ours: measures tell more than age, sex and head size alone"
    form, model = found.config.forms[0], model_name(*found.config.main)
    table = found.scores.compared(form, model, [AGE])
    score = found.scores.row(form, AGE)
    if table.empty or score is None:
        return Claim("C7", text, found.kind, "-", "not tested", NOT_HERE)
    note = f"AROC, {form}, {model} minus {AGE}; that alone: {score_text(score)}"
    return paired_claim("C7", text, table.iloc[0], found.kind, note)


def _mean_difference(
    found: Evidence, form: str | None, first: str, second: str
) -> pd.Series[Any] | None:
    if form is None:
        return None
    return found.scores.harmonisations_compared(form, first, second, found.config.classifiers)
