"""The paper's claims about spike trains, each tested on what this run has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.report.model import Claim, Verdict
from neurodecode.report.verdicts import paired_claim, row_of, side
from neurodecode.spikes.cost import growth_exponent
from neurodecode.spikes.decoded import ACCURACY, R
from neurodecode.spikes.sections_wiring import few_shot_gain
from neurodecode.spikes.variants import ALONE, GLM, JOINT, PARTS, STATE, generator_of
from neurodecode.spikes.wiring import ATTENTION
from neurodecode.spikes.written import BITS, F1

if TYPE_CHECKING:
    import pandas as pd

    from neurodecode.spikes.config import SpikesConfig
    from neurodecode.spikes.scores import Scores

NOT_HERE = "not part of this run"
BOUNDED = ("value", "ci_low", "ci_high", "lead", "lead_low", "lead_high")
LINEAR = 1.15
"""Largest exponent of the cost that still counts as linear."""


@dataclass(frozen=True)
class Evidence:
    """What claims are judged by.

    Attributes
    ----------
    kind : str
        "simulated" or "real".
    config : SpikesConfig
    scores : Scores
    wiring : DataFrame
        Of :func:`~neurodecode.spikes.wiring.score_wiring`.
    cost : DataFrame
        Of :func:`~neurodecode.spikes.cost.measure_cost`.
    """

    kind: str
    config: SpikesConfig
    scores: Scores
    wiring: pd.DataFrame
    cost: pd.DataFrame


def spike_claims(found: Evidence) -> list[Claim]:
    """Answer the claims N1 to N7."""
    return [
        *_predicted(found),
        *_wired(found),
        *_few_shot(found),
        _joint(found),
        *_parts(found),
        _linear(found),
        _any_number(found),
    ]


def _predicted(found: Evidence) -> list[Claim]:
    """Spikes are predicted: F1 above constant rates, bits above 0; and above the GLM."""
    main, claims = found.config.models[0], []
    for key, metric, text in (
        ("N1", F1, "Spikes of circuits are predicted: the units that fire"),
        ("N1b", BITS, "... and their rates"),
    ):
        row = found.scores.group(metric, main)
        if row is None or row["ci_low"] is None or not np.isfinite(float(row["ci_low"])):
            claims.append(Claim(key, text, found.kind, "-", "not tested", NOT_HERE))
            continue
        low, high, chance = (float(row[name]) for name in ("ci_low", "ci_high", "chance"))
        figure = f"{row['value']:.3f} [{low:.3f}, {high:.3f}], constant rates {chance:.3f}"
        claims.append(Claim(key, text, found.kind, figure, side(low - chance, high - chance),
                            f"{metric} of {main}"))  # fmt: skip
    claims.append(_against(found, "N1c", "The network writes better than a Poisson GLM", main, GLM))
    return claims


def _wired(found: Evidence) -> list[Claim]:
    """Attention shows connections (N2), their direction (N2b), and more than each rival (N2c)."""
    texts = {"auc": ("N2", "Attention alone reveals connectivity"),
             "direction": ("N2b", "... with direction")}  # fmt: skip
    table = found.wiring
    if table.empty:
        return [Claim(key, text, found.kind, "-", "not tested", "no known wiring")
                for key, text in texts.values()]  # fmt: skip
    claims = []
    names = dict.fromkeys(table["estimate"])
    for estimate in (name for name in names if name.startswith(ATTENTION)):
        for metric, (key, text) in texts.items():
            part = table[(table["metric"] == metric) & (table["estimate"] == estimate)]
            row = _over_sessions(part)
            bounds = f"[{row['ci_low']:.3f}, {row['ci_high']:.3f}]"
            verdict = side(row["ci_low"] - 0.5, row["ci_high"] - 0.5)
            note = f"{estimate}; interval over the {row['n']:.0f} units that drive others"
            claims.append(Claim(key, text, found.kind, f"{row['value']:.3f} {bounds}, chance 0.5",
                                verdict, note))  # fmt: skip
    rivals = found.config.wiring.rivals if found.config.wiring else ()
    return [*claims, *(_ahead(found, name, next(iter(names))) for name in rivals)]


def _ahead(found: Evidence, rival: str, main: str) -> Claim:
    """Compare the AUC of the first estimate with that of a rival."""
    table = found.wiring
    row = _over_sessions(table[(table["metric"] == "auc") & (table["estimate"] == rival)])
    figure = f"{row['lead']:+.3f} [{row['lead_low']:+.3f}, {row['lead_high']:+.3f}]"
    text = f"Attention finds connections better than {rival}"
    note = f"AUC of {main} minus that of {rival}, {row['value']:.3f}"
    return Claim("N2c", text, found.kind, figure, side(row["lead_low"], row["lead_high"]), note)


def _over_sessions(part: pd.DataFrame) -> pd.Series[float]:
    """Return means over sessions, of the bounds too: wider than an interval of the mean."""
    return part[[*BOUNDED, "n"]].mean()


def _few_shot(found: Evidence) -> list[Claim]:
    text = "A pretrained model decodes behaviour after few-shot tuning better than from scratch"
    table = found.scores.few_shot
    if table.empty:
        return [Claim("N3", text, found.kind, "-", "not tested", NOT_HERE)]
    claims = []
    for (metric, share), part in table.groupby(["metric", "share"], sort=False):
        gain, n_seeds = few_shot_gain(part), part["seed"].nunique()
        figure = f"{gain.estimate:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
        verdict: Verdict = side(gain.low, gain.high) if n_seeds > 2 else "not shown"
        claims.append(Claim("N3", f"{text}: {share:.3g} of the windows", found.kind, figure,
                            verdict, f"{metric}, over {n_seeds} seeds"))  # fmt: skip
    return claims


def _joint(found: Evidence) -> Claim:
    text = "Training on spikes and behaviour together decodes better than on behaviour alone"
    for target in found.config.targets:
        for metric in (f"{target} {R}", f"{target} {ACCURACY}"):
            row = row_of(found.scores.compared(metric, JOINT, [ALONE], found.config.seed), ALONE)
            if row is not None:
                note = f"{target}, over {row['n']} {row['unit']}s"
                note += ", explained variance" if row["unit"] != "subject" else ""
                return paired_claim("N4", text, row, found.kind, note)
    return Claim("N4", text, found.kind, "-", "not tested", NOT_HERE)


def _parts(found: Evidence) -> list[Claim]:
    """Each added modality helps: models that differ by one part."""
    words = {"past": "the past window", "stimulus": "the stimulus", "behaviour": "behaviour",
             "contrastive": "the contrastive loss"}  # fmt: skip
    names, claims = set(found.config.models), []
    for part in PARTS:
        text = f"Generation gains from {words[part]}"
        pair = next(((name, lesser) for name in found.config.models
                     if (lesser := _without(name, part)) in names), None)  # fmt: skip
        if pair is None:
            claims.append(Claim("N5", text, found.kind, "-", "not tested", NOT_HERE))
        else:
            claims.append(_against(found, "N5", text, *pair))
    return claims


def _without(name: str, part: str) -> str:
    """Return the name of the model that lacks a part; empty where it lacks it already."""
    if name == GLM or not generator_of(name).has(part):
        return ""
    return "+".join([STATE, *(each for each in generator_of(name).parts if each != part)])


def _against(found: Evidence, key: str, text: str, model: str, other: str) -> Claim:
    row = row_of(found.scores.compared(F1, model, [other], found.config.seed), other)
    if row is None:
        return Claim(key, text, found.kind, "-", "not tested", NOT_HERE)
    note = f"F1, {model} minus {other}, over {row['n']} {row['unit']}s"
    return paired_claim(key, text, row, found.kind, note)


def _linear(found: Evidence) -> Claim:
    text = "Cost grows linearly with the number of features (here: at most so)"
    if found.cost.empty:
        return Claim("N6", text, "measured", "-", "not tested", NOT_HERE)
    slope = growth_exponent(found.cost)
    verdict: Verdict = "holds" if slope <= LINEAR else "fails"
    sizes = found.cost["n_units"]
    note = f"holds up to an exponent of {LINEAR}; {sizes.min()} to {sizes.max()} units"
    if slope < 1 / LINEAR:
        note += "; below 1 a fixed cost still dominates, so linear growth itself is not shown"
    return Claim("N6", text, "measured", f"exponent {slope:.2f}", verdict, note)


def _any_number(found: Evidence) -> Claim:
    text = "Any number of modalities"
    counts = sorted({1 + len(set(generator_of(name).parts) - {"contrastive"})
                     for name in found.config.models if name != GLM})  # fmt: skip
    figure = f"models of {', '.join(map(str, counts))} modalities trained"
    verdict: Verdict = "holds" if len(counts) > 2 else "not shown"
    return Claim("N7", text, found.kind, figure, verdict,
                 "window, past, stimulus, behaviour; holds if three were trained")  # fmt: skip
