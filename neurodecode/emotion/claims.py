"""The paper's claims about rated clips, each tested on what this run has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.emotion.decoders import CLASSICAL, ONE_HOT, decoder_of
from neurodecode.emotion.evaluation import CROPS
from neurodecode.emotion.scores import F1, SEQ2HR, Scores
from neurodecode.evaluation.bootstrap import mean_ci
from neurodecode.evaluation.paired import paired_test
from neurodecode.report.model import Claim, Verdict
from neurodecode.report.verdicts import ALPHA, paired_claim, row_of, side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from neurodecode.evaluation.bootstrap import Interval

NOT_HERE = "not part of this run, or of a single subject"
MARGIN = 0.05
"""What a score may lose and still count as about as good."""
BLOCKS, CLIPS, CALIBRATED = "time_blocks", "leave_clips_out", "calibrated"
PUBLISHED_WITHIN, PUBLISHED_ACROSS = 0.95, 0.78
LEVELS = 5
"""Of the ratings that published figures are about."""
GAIN_WITHIN, GAIN_ACROSS = 0.5, 0.3


@dataclass(frozen=True)
class Evidence:
    """What claims are judged by.

    Attributes
    ----------
    kind : str
        "simulated" or "real".
    scores : Scores
    main : str
        Model that the report is about.
    honest : str
        Protocol that the report is about.
    n_parameters : int
        Of the main model.
    n_levels : int
        Of the rating; published figures are of five.
    order : mapping of str to sequence of float
        How well features keep the levels in order, by model, one value per network.
    seed : int
    """

    kind: str
    scores: Scores
    main: str
    honest: str
    n_parameters: int
    n_levels: int = LEVELS
    order: Mapping[str, Sequence[float]] = field(default_factory=dict)
    seed: int = 0

    @property
    def one_hot(self) -> str:
        """The main model with one-hot ratings."""
        return f"{decoder_of(self.main).family}, {ONE_HOT}"


def emotion_claims(found: Evidence) -> list[Claim]:
    """Answer the claims E1 to E7."""
    within = "Within a subject weighted F1 is above 0.95, by the published protocol"
    across = "A calibrated new subject reaches a weighted F1 of 0.78 to 0.82"
    return [
        _small(found),
        _reaches(found, "E2", within, BLOCKS, PUBLISHED_WITHIN),
        _reaches(found, "E3", across, CALIBRATED, PUBLISHED_ACROSS),
        _hierarchy(found),
        _smoothing(found, "E5", BLOCKS, GAIN_WITHIN, "within subjects"),
        _smoothing(found, "E5b", CALIBRATED, GAIN_ACROSS, "across subjects"),
        _at_no_cost(found),
        _ordered(found),
        _survives(found),
    ]


def _small(found: Evidence) -> Claim:
    """Compare the main model with every other family, one by one: it must lose to none."""
    text = "About 1,000 parameters suffice"
    rivals = [
        name
        for name in dict.fromkeys(found.scores.rows["model"])
        if (decoder := decoder_of(name)).family in ("EEGNet", "MSBAM", *CLASSICAL)
        and not decoder.shuffled and decoder.target == decoder_of(found.main).target
    ]  # fmt: skip
    table = found.scores.compared(found.honest, F1, found.main, rivals, found.seed)
    if table.empty:
        return Claim("E1", text, found.kind, "-", "not tested", NOT_HERE)
    worst = table.iloc[int(table["difference"].argmin())]
    figure = f"{worst['difference']:+.3f} [{worst['ci_low']:+.3f}, {worst['ci_high']:+.3f}]"
    verdict: Verdict = "holds" if (table["ci_low"] > -MARGIN).all() else "not shown"
    if (table["ci_high"] < -MARGIN).any():
        verdict = "fails"
    note = (
        f"{found.n_parameters} parameters; {found.main} minus the strongest of {len(table)} "
        f"({worst['model']}), {_said(found.honest)}; holds if no interval reaches -{MARGIN:g}"
    )
    return Claim("E1", text, found.kind, figure, verdict, note)


def _reaches(found: Evidence, key: str, text: str, protocol: str, published: float) -> Claim:
    if found.n_levels != LEVELS:
        why = f"published for {LEVELS} levels, this rating has {found.n_levels}"
        return Claim(key, text, found.kind, "-", "not tested", why)
    values = _values(found, protocol, F1, found.main, CROPS)
    if values is None:
        return Claim(key, text, found.kind, "-", "not tested", NOT_HERE)
    ci = _mean(values, found.seed)
    note = f"{_said(protocol)}, balanced crops; the level is {published:g}"
    return Claim(key, text, found.kind, _text(ci), side(ci.low - published, ci.high - published),
                 note)  # fmt: skip


def _hierarchy(found: Evidence) -> Claim:
    text = "The hierarchy helps over a flat graph"
    table = found.scores.compared(found.honest, F1, found.main, ["flat"], found.seed)
    row = row_of(table, "flat")
    if row is None:
        return Claim("E4", text, found.kind, "-", "not tested", NOT_HERE)
    return paired_claim("E4", text, row, found.kind,
                        f"weighted F1, {found.main} minus flat, {_said(found.honest)}")  # fmt: skip


def _smoothing(found: Evidence, key: str, protocol: str, gain: float, where: str) -> Claim:
    """Compare Seq2HR of smoothed and one-hot ratings, as a share of the latter."""
    text = f"Smoothed ratings raise Seq2HR by more than {100 * gain:.0f} % {where}"
    smoothed, one_hot = (_values(found, protocol, SEQ2HR, name) for name in
                         (found.main, found.one_hot))  # fmt: skip
    if smoothed is None or one_hot is None:
        return Claim(key, text, found.kind, "-", "not tested", NOT_HERE)
    # of the difference, because a ratio is undefined where one-hot ratings never hit
    beyond = _mean(smoothed - (1 + gain) * one_hot, found.seed)
    test = paired_test(smoothed, one_hot, method="wilcoxon", alternative="greater")
    verdict = side(beyond.low, beyond.high)
    if verdict == "holds" and not test.p_value < ALPHA:
        verdict = "not shown"
    base = one_hot.mean()
    relative = f"{100 * (smoothed.mean() / base - 1):+.0f} %, " if base > 0 else ""
    figure = f"{relative}{smoothed.mean():.3f} against {base:.3f}"
    note = (
        f"{_said(protocol)}, {smoothed.size} subjects; smoothed minus {1 + gain:g} times one-hot: "
        f"{_text(beyond)}; that it rises at all: one-sided Wilcoxon p = {test.p_value:.3f}"
    )
    return Claim(key, text, found.kind, figure, verdict, note)


def _at_no_cost(found: Evidence) -> Claim:
    text = "Smoothing costs no F1"
    table = found.scores.compared(BLOCKS, F1, found.main, [found.one_hot], found.seed)
    row = row_of(table, found.one_hot)
    if row is None:
        return Claim("E5c", text, found.kind, "-", "not tested", NOT_HERE)
    verdict = side(row["ci_low"] + MARGIN, row["ci_high"] + MARGIN)
    figure = f"{row['difference']:+.3f} [{row['ci_low']:+.3f}, {row['ci_high']:+.3f}]"
    note = f"smoothed minus one-hot, {_said(BLOCKS)}; holds above -{MARGIN:g}"
    return Claim("E5c", text, found.kind, figure, verdict, note)


def _ordered(found: Evidence) -> Claim:
    text = "Smoothed ratings order the levels in feature space"
    pair = [found.order.get(name) for name in (found.main, found.one_hot)]
    if any(values is None or len(values) < 2 for values in pair):
        return Claim("E6", text, found.kind, "-", "not tested", NOT_HERE)
    smoothed, one_hot = (np.asarray(values, float) for values in pair)
    ci = _mean(smoothed - one_hot, found.seed)
    figure = (
        f"{ci.estimate:+.3f} [{ci.low:+.3f}, {ci.high:+.3f}]; {smoothed.mean():.2f} against "
        f"{one_hot.mean():.2f}"
    )
    note = f"|Kendall's tau| of levels along the path, smoothed minus one-hot, {ci.n} subjects"
    return Claim("E6", text, found.kind, figure, side(ci.low, ci.high), note)


def _survives(found: Evidence) -> Claim:
    """Ours: the published protocol against clips that were not trained on, same subjects."""
    text = "Ours: what is left of E2 on clips that were not trained on is above chance"
    honest, published = (_values(found, protocol, F1, found.main) for protocol in (CLIPS, BLOCKS))
    chance = _values(found, CLIPS, F1, found.main, column="chance")
    if honest is None or published is None or chance is None:
        return Claim("E7", text, found.kind, "-", "not tested", NOT_HERE)
    above = _mean(honest - chance, found.seed)
    lost = _mean(published - honest, found.seed)
    figure = f"{honest.mean():.3f} of {published.mean():.3f}, chance {chance.mean():.3f}"
    note = f"lost: {_text(lost)}; above chance: {_text(above)}; every window once"
    return Claim("E7", text, found.kind, figure, side(above.low, above.high), note)


def _values(
    found: Evidence, protocol: str, metric: str, model: str, kind: str = "windows",
    column: str = "value",
) -> NDArray[np.float64] | None:  # fmt: skip
    """Return a model's scores by subject, in their order; None where there are not two of them."""
    table: pd.DataFrame = found.scores.subjects(protocol, metric, kind)
    mine = table[table["model"] == model].sort_values("subject")
    return None if len(mine) < 2 else mine[column].to_numpy(float)


def _mean(values: NDArray[np.float64], seed: int) -> Interval:
    return mean_ci(values, expand=True, random_state=seed, unit="subject")


def _text(ci: Interval) -> str:
    return f"{ci.estimate:.3f} [{ci.low:.3f}, {ci.high:.3f}]"


def _said(protocol: str) -> str:
    return protocol.replace("_", " ")
