"""How long decisions took, stage by stage; and a replay that tells whether they are the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.faults import DataFault
from neurodecode.signals.matching import match_channels, recording_name
from neurodecode.streaming.loop import STAGES, Decision, Lost, StreamDecoder, decide_offline
from neurodecode.streaming.sources import ReplaySource

if TYPE_CHECKING:
    from collections.abc import Sequence

    import mne

    from neurodecode.signals.matching import Extra
    from neurodecode.streaming.protocol import Person, Ranking, TrialDecoder

COLUMNS = ("stage", "median_ms", "p95_ms", "max_ms", "jitter_ms", "n_trials")


@dataclass(frozen=True)
class Replay:
    """What a replay found.

    Attributes
    ----------
    table : DataFrame
        See :func:`latency_table`; the row "filter delay" is signal that is waited for, not
        computing time, and no part of the total.
    same_as_offline : float
        Share of the trials whose candidates and scores are, to the last bit, those of
        :func:`~neurodecode.streaming.loop.decide_offline` on the same causal chain.
    decisions : list of Decision
    lost : list of Lost
    """

    table: pd.DataFrame
    same_as_offline: float
    decisions: list[Decision]
    lost: list[Lost]


def latency_table(decisions: Sequence[Decision], filter_delay: float | None = None) -> pd.DataFrame:
    """Return the time that each stage took.

    Parameters
    ----------
    decisions : sequence of Decision
    filter_delay : float, optional
        s; adds a row.

    Returns
    -------
    DataFrame
        ``stage, median_ms, p95_ms, max_ms, jitter_ms, n_trials``, a row per stage and "total";
        jitter is the standard deviation over trials. NaN without trials.
    """
    times = {stage: [d.seconds[stage] for d in decisions] for stage in STAGES}
    times["total"] = [decision.latency for decision in decisions]
    if filter_delay is not None:
        times["filter delay"] = [filter_delay] * len(decisions)
    return pd.DataFrame(
        [(stage, *_described(seconds)) for stage, seconds in times.items()], columns=list(COLUMNS)
    )


def replay_latency(
    decoder: TrialDecoder,
    raw: mne.io.BaseRaw,
    onsets: Sequence[float],
    n_trials: int | None = None,
    *,
    person: Person,
    chunk: float = 0.1,
    extra: Extra = "stop",
) -> Replay:
    """Replay a recording as fast as decisions are made, and compare them with offline ones.

    Parameters
    ----------
    decoder : TrialDecoder
    raw : Raw
        Left as it is.
    onsets : sequence of float
        In s after the first sample.
    n_trials : int, optional
        Replay ends once so many trials are decided; default: all.
    person : Person
        Of ``decoder.person()`` or ``decoder.stranger()``.
    chunk : float, default=0.1
        s.

    Returns
    -------
    Replay

    Raises
    ------
    DataFault
        If no trial could be decided, and as :class:`StreamDecoder`.
    """
    source = ReplaySource(raw, onsets, kind=decoder.chain.kind, chunk=chunk, speed=None)
    stream = StreamDecoder(decoder, source, person, extra=extra)
    decisions: list[Decision] = []
    lost: list[Lost] = []
    for outcome in stream.run():
        if isinstance(outcome, Lost):
            lost.append(outcome)
            continue
        decisions.append(outcome)
        if len(decisions) == n_trials:
            break
    if not decisions:
        reasons = "; ".join(sorted({trial.reason for trial in lost}))
        raise DataFault(
            f"none of {len(onsets)} trials could be decided: {reasons}", where=recording_name(raw)
        )
    same = _same_share(decoder, raw, decisions, person, source.channels, extra)
    return Replay(latency_table(decisions, stream.filter_delay), same, decisions, lost)


def same_ranking(first: Ranking, second: Ranking) -> bool:
    """Return whether two trials have the same candidates with the same scores, to the last bit."""
    return first.names == second.names and np.array_equal(first.scores, second.scores)


def _same_share(
    decoder: TrialDecoder,
    raw: mne.io.BaseRaw,
    decisions: Sequence[Decision],
    person: Person,
    channels: Sequence[str],
    extra: Extra,
) -> float:
    own = [channels[k] for k in match_channels(person.channels, channels, extra=extra)]
    picks = [raw.ch_names.index(name) for name in own]
    sfreq = float(raw.info["sfreq"])
    onsets = np.array([decision.marker.onset for decision in decisions])
    last = int(np.ceil((onsets.max() + decoder.chain.tmax + 1) * sfreq))
    signals = raw.get_data(picks=picks, stop=min(raw.n_times, last))
    offline = decide_offline(decoder, signals, sfreq, onsets, person)
    same = [
        place in offline and same_ranking(decision.ranking, offline[place])
        for place, decision in enumerate(decisions)
    ]
    return float(np.mean(same))


def _described(seconds: Sequence[float]) -> tuple[float, float, float, float, int]:
    if not seconds:
        return (np.nan, np.nan, np.nan, np.nan, 0)
    ms = 1000 * np.asarray(seconds)
    p95 = float(np.percentile(ms, 95))
    return float(np.median(ms)), p95, float(ms.max()), float(ms.std()), len(ms)
