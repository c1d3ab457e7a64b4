"""The paper's claims about speech decoding, each tested on what this run has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from neurodecode.report.model import Claim, Verdict
from neurodecode.report.verdicts import (
    ALPHA,
    chance_verdict,
    paired_claim,
    row_of,
    score_text,
    side,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

MEL = "contrastive, Mel"
REGRESSION = "regression, Mel"
LINEAR = ("ridge, Mel", "ridge")
RICHER = ("contrastive, wav2vec 2.0", "contrastive, Moonshine", "contrastive, Deep Mel")
NO_LAYER = "no participant layer"
NO_CLAMP = "no clamping"
NOT_HERE = "not part of this run"


def speech_claims(
    comparisons: pd.DataFrame,
    mel: pd.DataFrame | None,
    group: Mapping[str, pd.Series],
    curve: pd.DataFrame,
    features: pd.DataFrame,
    *,
    main: str,
    kind: Literal["eeg", "meg"],
    evidence: str,
) -> list[Claim]:
    """Answer the claims S1 to S9 and the baseline's.

    Parameters
    ----------
    comparisons : DataFrame
        Main decoder minus each other one, over participants.
    mel : DataFrame or None
        Contrastive on Mel minus each other one.
    group : mapping of str to Series
        Group row of each decoder, of the headline's metric.
    curve : DataFrame
        ``amount, subject, value``: score by number of training participants.
    features : DataFrame
        Of :func:`explain_probabilities`.
    main : str
    kind : {"eeg", "meg"}
        Of the recordings.
    evidence : str
        "simulated" or "real".
    """
    return [
        _above_chance(group[main], evidence),
        _from_eeg(group[main], kind, evidence),
        _found_without_training(group[main], evidence),
        _contrastive(comparisons, mel, main, evidence),
        _linear(comparisons, evidence),
        _representation(comparisons, mel, main, evidence),
        _participants_together(curve, evidence),
        _more_participants(curve, evidence),
        _against("S8", "The participant layer matters", comparisons, NO_LAYER, evidence),
        _against("S8b", "Clamping matters", comparisons, NO_CLAMP, evidence),
        _semantics(features, evidence),
    ]


def _above_chance(row: pd.Series, evidence: str) -> Claim:
    text = "3 s of brain signal identify the heard segment among all test segments"
    return Claim("S1", text, evidence, score_text(row), chance_verdict(row), str(row["metric"]))


def _from_eeg(row: pd.Series, kind: str, evidence: str) -> Claim:
    text = "EEG identifies it above chance, far less often than MEG"
    if kind != "eeg":
        return Claim("S2", text, evidence, "-", "not tested", "the recordings are MEG")
    claim = _above_chance(row, evidence)
    verdict: Verdict = "not shown" if claim.verdict == "holds" else claim.verdict
    note = f"above chance: {claim.verdict}; less often than MEG: takes MEG of the same speech"
    return Claim("S2", text, evidence, claim.figure, verdict, note)


def _found_without_training(row: pd.Series, evidence: str) -> Claim:
    text = "Segments of sentences absent from training are found (zero-shot)"
    claim = _above_chance(row, evidence)
    note = "no test sentence is in training or validation, see the leak audit"
    return Claim("S3", text, evidence, claim.figure, claim.verdict, note)


def _contrastive(
    comparisons: pd.DataFrame, mel: pd.DataFrame | None, main: str, evidence: str
) -> Claim:
    """The objective alone differs where the target is Mel in both."""
    text = "The contrastive objective beats regression"
    row = row_of(mel, REGRESSION)
    if row is not None:
        return paired_claim("S4", text, row, evidence, f"both on Mel, {MEL} minus {REGRESSION}")
    row = row_of(comparisons, REGRESSION)
    if row is None:
        return Claim("S4", text, evidence, "-", "not tested", NOT_HERE)
    return paired_claim("S4", text, row, evidence, f"{main} minus {REGRESSION}: targets differ too")


def _linear(comparisons: pd.DataFrame, evidence: str) -> Claim:
    text = "It beats the linear decoder"
    for name in LINEAR:
        row = row_of(comparisons, name)
        if row is not None:
            return paired_claim("S4b", text, row, evidence, f"against {name}")
    return Claim("S4b", text, evidence, "-", "not tested", NOT_HERE)


def _representation(
    comparisons: pd.DataFrame, mel: pd.DataFrame | None, main: str, evidence: str
) -> Claim:
    text = "A learned or pretrained representation of speech beats Mel"
    if main in RICHER:
        row = row_of(comparisons, MEL)
        if row is not None:
            return paired_claim("S5", text, row, evidence, f"{main} minus {MEL}")
    if mel is not None:
        for name in RICHER:
            row = row_of(mel, name)
            if row is not None:
                return paired_claim("S5", text, _turned(row), evidence, f"{name} minus {MEL}")
    return Claim("S5", text, evidence, "-", "not tested", NOT_HERE)


def _participants_together(curve: pd.DataFrame, evidence: str) -> Claim:
    text = "One model over all participants beats a model per participant"
    if curve.empty or curve["amount"].min() > 1 or curve["amount"].nunique() < 2:
        return Claim("S6", text, evidence, "-", "not tested", "needs curve.numbers with 1")
    return _ends("S6", text, curve, evidence)


def _more_participants(curve: pd.DataFrame, evidence: str) -> Claim:
    text = "More training participants, better decoding"
    if curve.empty or curve["amount"].nunique() < 2:
        return Claim("S7", text, evidence, "-", "not tested", NOT_HERE)
    claim, means = _ends("S7", text, curve, evidence), curve.groupby("amount")["value"].mean()
    said = ", ".join(f"{amount:g}: {value:.3f}" for amount, value in means.items())
    steady = "" if means.is_monotonic_increasing else ", NOT rising throughout"
    return replace(claim, note=f"{claim.note}; {said}{steady}")


def _ends(key: str, text: str, curve: pd.DataFrame, evidence: str) -> Claim:
    """Compare the most with the fewest participants, on sentences of the tested ones."""
    first, last = curve["amount"].min(), curve["amount"].max()
    gain = curve["gain"].iloc[0]
    note = (
        f"{last:g} against {first:g} participants, tested on the same {curve['subject'].nunique()};"
        " interval over their test sentences"
    )
    figure = f"{gain['difference']:+.3f} [{gain['ci_low']:+.3f}, {gain['ci_high']:+.3f}]"
    return Claim(key, text, evidence, figure, side(gain["ci_low"], gain["ci_high"]), note)


def _against(key: str, text: str, table: pd.DataFrame, name: str, evidence: str) -> Claim:
    row = row_of(table, name)
    if row is None:
        return Claim(key, text, evidence, "-", "not tested", NOT_HERE)
    return paired_claim(key, text, row, evidence, f"loss without it ({name})")


def _semantics(features: pd.DataFrame, evidence: str) -> Claim:
    text = "Lexical and contextual features of the words explain the decoder's errors"
    if features.empty:
        return Claim("S9", text, evidence, "-", "not tested", "too few words of too few sentences")
    best = features.sort_values("r").iloc[-1]
    figure = f"{best['features']}: r {best['r']:.3f} [{best['ci_low']:.3f}, {best['ci_high']:.3f}]"
    holds = best["ci_low"] > 0 and best["p"] * len(features) < ALPHA
    verdict: Verdict = "holds" if holds else "not shown"
    return Claim(
        "S9", text, evidence, figure, verdict, f"best of {len(features)}, p times their number"
    )


def _turned(row: pd.Series) -> pd.Series:
    turned = row.copy()
    turned["difference"] = -row["difference"]
    turned["ci_low"], turned["ci_high"] = -row["ci_high"], -row["ci_low"]
    return turned
