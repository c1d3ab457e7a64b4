"""The paper's claims about networks at rest, each tested on what this run has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurodecode.connectome.decoders import (
    ADJUSTED,
    CONFOUNDS,
    LEAKY_MASK,
    MASK,
    decoder_of,
)
from neurodecode.connectome.sections import said
from neurodecode.report.model import Claim, Verdict
from neurodecode.report.verdicts import (
    chance_verdict,
    high,
    low,
    paired_claim,
    row_of,
    score_text,
    side,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neurodecode.connectome.scores import Scores

NOT_HERE = "the models are not part of this run"
THREE_CYCLES = "3-cycles"
PUBLISHED_FEATURES = ("degree", "distance degree", "weight")
"""The other maps of the paper."""
PUBLISHED, PUBLISHED_ON = 0.6959, 171
"""Accuracy on the test set, and its size."""
CONFOUND_FREE = ADJUSTED[1]


@dataclass(frozen=True)
class Evidence:
    """What claims are judged by.

    Attributes
    ----------
    kind : str
        "simulated" or "real".
    scores : Scores
    models : sequence of str
        The main one first.
    protocol : str
        That the report is about.
    published : bool
        Whether people and split are those of the paper.
    seed : int
    """

    kind: str
    scores: Scores
    models: Sequence[str]
    protocol: str
    published: bool = False
    seed: int = 0

    @property
    def network(self) -> str | None:
        """The first model of network maps that is neither a control nor leaks."""
        return next((name for name in self.models if _honest(name)), None)


def adhd_claims(found: Evidence) -> list[Claim]:
    """Answer the claims D1 to D6."""
    return [_separates(found), _best_feature(found), _mask_helps(found), _accuracy(found),
            _remains(found), _flatters(found)]  # fmt: skip


def _honest(name: str) -> bool:
    decoder = decoder_of(name)
    return decoder.map is not None and not (decoder.leaks or decoder.shuffled)


def _separates(found: Evidence) -> Claim:
    text = "Network features of the thresholded graph tell the groups apart"
    row = None if found.network is None else found.scores.row(found.protocol, found.network)
    if row is None:
        return Claim("D1", text, found.kind, "-", "not tested", NOT_HERE)
    note = f"balanced accuracy of {found.network}, {said(found.protocol)}"
    return Claim("D1", text, found.kind, score_text(row), chance_verdict(row), note)


def _best_feature(found: Evidence) -> Claim:
    """Compare 3-cycles with the paper's other maps, treated alike; it must beat each."""
    text = "3-cycle maps are the best single feature"
    for ending in (f"+{MASK}", ""):
        main = f"{THREE_CYCLES}{ending}"
        others = [f"{name}{ending}" for name in PUBLISHED_FEATURES]
        table = found.scores.compared(found.protocol, main, others, found.seed)
        if not table.empty:
            break
    else:
        return Claim("D2", text, found.kind, "-", "not tested", NOT_HERE)
    worst = table.iloc[int(table["difference"].argmin())]
    verdict: Verdict = "holds" if (table["ci_low"] > 0).all() else "not shown"
    if (table["ci_high"] < 0).any():
        verdict = "fails"
    figure = f"{worst['difference']:+.3f} [{worst['ci_low']:+.3f}, {worst['ci_high']:+.3f}]"
    note = f"balanced accuracy, {main} minus the strongest of {len(table)}, {worst['model']}"
    own = found.scores.row(found.protocol, f"clustering{ending}")
    note += "" if own is None else f"; ours, clustering: {own['value']:.3f}"
    return Claim("D2", text, found.kind, figure, verdict, note)


def _mask_helps(found: Evidence) -> Claim:
    text = "A mask of useful regions raises the score on the test part"
    pairs = [(name, decoder_of(name).family) for name in found.models
             if name == f"{decoder_of(name).family}+{MASK}"]  # fmt: skip
    known = [(masked, whole) for masked, whole in pairs if whole in found.models]
    if not known:
        return Claim("D3", text, found.kind, "-", "not tested", NOT_HERE)
    return _paired(found, "D3", text, *known[0])


def _accuracy(found: Evidence) -> Claim:
    """Compare accuracies where people and split are the paper's; elsewhere show ours."""
    text = f"The best accuracy is 69.59 % on {PUBLISHED_ON} test people"
    row = (
        None if found.network is None
        else found.scores.row(found.protocol, found.network, "accuracy")
    )  # fmt: skip
    if row is None:
        return Claim("D4", text, found.kind, "-", "not tested", NOT_HERE)
    note = f"accuracy of {found.network}; chance is the share of the larger group"
    if not found.published:
        note += "; other people than the paper's, so the figure is no test"
        return Claim("D4", text, found.kind, score_text(row), "not tested", note)
    return Claim("D4", text, found.kind, score_text(row),
                 side(low(row) - PUBLISHED, high(row) - PUBLISHED), note)  # fmt: skip


def _remains(found: Evidence) -> Claim:
    """Ours: the main model on maps from which phenotype, site and motion are regressed out."""
    text = "Ours: something is left of D1 after phenotype, site and motion"
    base = next((name for name in found.models if CONFOUND_FREE not in name and
                 f"{name}, {CONFOUND_FREE}" in found.models), None)  # fmt: skip
    row = None if base is None else found.scores.row(found.protocol, f"{base}, {CONFOUND_FREE}")
    whole = None if base is None else found.scores.row(found.protocol, base)
    if row is None or whole is None:
        return Claim("D5", text, found.kind, "-", "not tested", NOT_HERE)
    known = [(name, found.scores.row(found.protocol, name)) for name in CONFOUNDS]
    confounds = ", ".join(f"{name} {r['value']:.3f}" for name, r in known if r is not None)
    note = f"balanced accuracy of {base}, {CONFOUND_FREE}; with them {whole['value']:.3f}"
    note += f"; alone: {confounds}" if confounds else ""
    return Claim("D5", text, found.kind, score_text(row), chance_verdict(row), note)


def _flatters(found: Evidence) -> Claim:
    text = "Ours: a mask chosen from all people flatters the score"
    pairs = [(name, name.replace(LEAKY_MASK, MASK)) for name in found.models
             if decoder_of(name).leaks and not decoder_of(name).shuffled]  # fmt: skip
    if not pairs:
        return Claim("D6", text, found.kind, "-", "not tested", NOT_HERE)
    return _paired(found, "D6", text, *pairs[0])


def _paired(found: Evidence, key: str, text: str, first: str, second: str) -> Claim:
    table = found.scores.compared(found.protocol, first, [second], found.seed)
    row = row_of(table, second)
    if row is None:
        return Claim(key, text, found.kind, "-", "not tested", NOT_HERE)
    note = f"balanced accuracy, {first} minus {second}, {said(found.protocol)}"
    return paired_claim(key, text, row, found.kind, note)
