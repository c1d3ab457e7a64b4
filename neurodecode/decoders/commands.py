"""What ``neurodecode predict``, ``stream`` and ``export`` do and print."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from neurodecode.artefacts import write_parquet
from neurodecode.decoders.loading import load_decoder
from neurodecode.decoders.onnx import export_onnx
from neurodecode.decoders.recordings import cued, no_cues, open_recording, trials_of
from neurodecode.faults import ConfigFault
from neurodecode.streaming.latency import latency_table
from neurodecode.streaming.loop import Decision, Lost, StreamDecoder
from neurodecode.streaming.lsl import LSLSource
from neurodecode.streaming.sources import ReplaySource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import mne
    from typing_extensions import TypeIs

    from neurodecode.decoders.protocol import AnyDecoder, FileDecoder
    from neurodecode.signals.matching import Extra
    from neurodecode.streaming.protocol import Person, TrialDecoder
    from neurodecode.streaming.sources import Source


@dataclass(frozen=True)
class Input:
    """Which recording is decoded, and how.

    Attributes
    ----------
    decoder : Path
        Folder of the decoder.
    participant : str or None
        One of the training; None: somebody else.
    events : Path or None
        Table of onsets.
    label : str or None
        Its column that says what was shown.
    montage : str or None
        Standard montage.
    drop_extra : bool
        Leave out channels that the decoder does not know.
    top : int
        Candidates per trial.
    """

    decoder: Path
    participant: str | None = None
    events: Path | None = None
    label: str | None = None
    montage: str | None = None
    drop_extra: bool = False
    top: int = 5

    @property
    def extra(self) -> Extra:
        """What to do with channels that the decoder does not know."""
        return "drop" if self.drop_extra else "stop"


def predict_file(chosen: Input, path: Path, out: Path) -> None:
    """Decode a recording, write the table of predictions and print what is in it.

    Parameters
    ----------
    chosen : Input
    path : Path
        Of the recording.
    out : Path
        Parquet file to write.
    """
    decoder = load_decoder(chosen.decoder)
    if _reads_files(decoder):
        _predict_data(decoder, chosen, path, out)
    else:
        _predict_recording(decoder, chosen, path, out)


def _reads_files(decoder: AnyDecoder) -> TypeIs[FileDecoder]:
    return hasattr(decoder, "read")


def _predict_data(decoder: FileDecoder, chosen: Input, path: Path, out: Path) -> None:
    given = {"--events": chosen.events, "--label": chosen.label, "--montage": chosen.montage,
             "--drop-extra": chosen.drop_extra}  # fmt: skip
    if unused := [name for name, value in given.items() if value]:
        raise ConfigFault(
            f"the {decoder.kind} decoder has no use for {', '.join(unused)}",
            fix="those belong to decoders of continuous recordings",
        )
    found = decoder.predict(decoder.read(path), participant=chosen.participant, top=chosen.top)
    write_parquet(out, found)
    console = Console()
    for line in (*decoder.summary(found), *sorted(set(found["note"]) - {""}), f"written: {out}"):
        _say(console, line)


def _predict_recording(decoder: TrialDecoder, chosen: Input, path: Path, out: Path) -> None:
    raw, trials, left_out = _opened(decoder, chosen, path)
    found = decoder.predict(
        raw,
        trials["onset"].tolist(),
        participant=chosen.participant,
        true=trials["label"].tolist(),
        top=chosen.top,
        extra=chosen.extra,
    )
    write_parquet(out, found)
    console = Console()
    n_decoded = found["clip" if "clip" in found else "trial"].nunique()
    _say(console, f"{n_decoded} of {len(trials)} trials decoded: {out}")
    for note in sorted({left_out, *found["note"]} - {""}):
        _say(console, note)
    known = found.loc[(found["rank"] == 1) & (found["true_rank"] > 0)]
    if len(known):
        top = 1 if decoder.first_only else chosen.top
        hits = (known["true_rank"] <= top).mean()
        chance = min(1.0, top / known["n_candidates"].iloc[0])
        _say(console, f"top-{top} accuracy {hits:.3f}, chance {chance:.3f}, "
                      f"{len(known)} trials whose {decoder.noun} is a candidate")  # fmt: skip


def export_file(folder: Path, out: Path, participant: str | None = None) -> None:
    """Write the network of a decoder as ONNX and print its inputs and how exact it is.

    Parameters
    ----------
    folder : Path
        Of the decoder.
    out : Path
    participant : str, optional
        One of the training, to be built in.
    """
    found, console = export_onnx(folder, out, participant=participant), Console()
    for name, shape in found.inputs.items():
        _say(console, f"input {name}: {' x '.join(map(str, shape))}")
    _say(console, f"largest difference from PyTorch {found.difference:.1e} of the largest output: "
                  f"{out}")  # fmt: skip


@dataclass(frozen=True)
class Live:
    """Where a stream comes from and how it is read.

    Attributes
    ----------
    replay : Path or None
        Recording to replay.
    lsl, markers, unit : str or None
        Names of the signal and marker streams, and the unit of the samples.
    speed : float or None
        Of the replay; None: as fast as possible.
    chunk : float
        Of the replay, s.
    jitter : float
        Of the replay, s.
    calibration : Path or None
        Recording of the same person that a scaler is fitted on, where the decoder does not know
        them.
    n_trials : int or None
        Stop after so many.
    cues : tuple of str
        Labels of the LSL markers that begin a trial; empty: what the decoder takes for cues.
    held : float
        s of signal that a decoder which is too slow may lie behind; then the oldest is dropped.
    """

    replay: Path | None = None
    lsl: str | None = None
    markers: str | None = None
    unit: str | None = None
    speed: float | None = 1.0
    chunk: float = 0.1
    jitter: float = 0.0
    calibration: Path | None = None
    n_trials: int | None = None
    cues: tuple[str, ...] = ()
    held: float = 10.0


def parse_speed(text: str) -> float | None:
    """Return the speed of a replay: a positive number, or None for "max".

    Raises
    ------
    ConfigFault
        If it is neither.
    """
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise ConfigFault(f"speed '{text}'", fix="give a positive number (1: real time), or max")
    return speed


def stream_trials(chosen: Input, live: Live, out: Path | None = None) -> None:
    """Decode a stream, print each trial as it is decided, and the latencies at the end.

    Parameters
    ----------
    chosen : Input
    live : Live
    out : Path, optional
        Parquet file for all candidates and latencies.

    Raises
    ------
    ConfigFault
        If not exactly one of ``live.replay`` and ``live.lsl`` is given, or nothing tells whose
        signals these are.
    """
    if (live.replay is None) == (live.lsl is None):
        raise ConfigFault("give one of --replay FILE and --lsl NAME")
    decoder = load_decoder(chosen.decoder)
    if _reads_files(decoder):
        raise ConfigFault(
            f"the {decoder.kind} decoder cannot follow a stream", fix="use neurodecode predict"
        )
    person = _person(decoder, chosen, live)
    console, outcomes = Console(), []
    with closing(_source(decoder, chosen, live)) as source:
        stream = StreamDecoder(decoder, source, person, top=chosen.top, extra=chosen.extra,
                               cues=_live_cues(decoder, live), held=live.held)  # fmt: skip
        _introduce(console, decoder, stream, person)
        try:
            for outcome in stream.run():
                _show(console, outcome)
                outcomes.append(outcome)
                if live.n_trials is not None and len(outcomes) >= live.n_trials:
                    break
        except KeyboardInterrupt:
            _say(console, "stopped")
    _summarise(console, stream, outcomes)
    if out is not None:
        write_parquet(out, outcome_table(outcomes))
        _say(console, f"written: {out}")


def outcome_table(outcomes: Sequence[Decision | Lost]) -> pd.DataFrame:
    """Return a row per trial and candidate, and one per trial that was lost.

    Returns
    -------
    DataFrame
        The columns of :meth:`Ranking.table`, ``latency_ms``, and ``lost``: why, else "".
    """
    tables = []
    for trial, outcome in enumerate(outcomes):
        marker = outcome.marker
        if isinstance(outcome, Lost):
            row = {"onset": marker.onset, "true": marker.label, "lost": outcome.reason}
            tables.append(pd.DataFrame([row]).assign(trial=trial))
            continue
        table = outcome.ranking.table([marker.onset], [marker.label])
        latency = 1000 * outcome.latency
        tables.append(table.assign(trial=trial, latency_ms=latency, lost=""))
    columns = ["trial", "onset", "rank", "candidate", "group", "score", "probability",
               "n_candidates", "true", "true_rank", "latency_ms", "lost"]  # fmt: skip
    if not tables:
        return pd.DataFrame(columns=columns)
    return pd.concat(tables, ignore_index=True).reindex(columns=columns)


def _person(decoder: TrialDecoder, chosen: Input, live: Live) -> Person:
    """Return whose signals are decoded; a stranger needs a recording to be scaled by."""
    if chosen.participant is not None:
        return decoder.person(chosen.participant)
    if live.calibration is None and (anyone := decoder.anyone()) is not None:
        return anyone
    if live.calibration is None:
        known = ", ".join(decoder.participants)
        raise ConfigFault(
            "whose signals are these?",
            fix=f"--participant, one of {known}; for somebody else --calibrate FILE, a recording "
            "of theirs with the same task",
        )
    raw, trials, _ = _opened(decoder, chosen, live.calibration)
    return decoder.stranger(raw, trials["onset"].tolist())


def _opened(
    decoder: TrialDecoder, chosen: Input, path: Path
) -> tuple[mne.io.BaseRaw, pd.DataFrame, str]:
    """Return a recording, its trials, and which of its markers are none."""
    raw = open_recording(path, chosen.montage)
    marks = trials_of(raw, path, chosen.events, chosen.label, columns=decoder.label_columns,
                      trial_types=decoder.trial_types)  # fmt: skip
    return raw, *cued(marks, decoder.cues)


def _source(decoder: TrialDecoder, chosen: Input, live: Live) -> Source:
    if live.lsl is not None:
        return LSLSource(live.lsl, live.markers, unit=live.unit)
    assert live.replay is not None
    raw, trials, _ = _opened(decoder, chosen, live.replay)
    return ReplaySource(
        raw,
        trials["onset"].tolist(),
        trials["label"].tolist(),
        kind=decoder.chain.kind,
        chunk=live.chunk,
        speed=live.speed,
        jitter=live.jitter,
    )


def _live_cues(decoder: TrialDecoder, live: Live) -> tuple[str, ...]:
    """Return what begins a trial; of a replayed recording the other markers are out already."""
    return () if live.lsl is None else live.cues or tuple(decoder.cues)


def _introduce(
    console: Console, decoder: TrialDecoder, stream: StreamDecoder, person: Person
) -> None:
    delay = 1000 * stream.filter_delay
    _say(
        console,
        f"{decoder.kind} decoder, participant {person.label or 'unknown'}; a decision needs signal "
        f"up to {decoder.chain.tmax:g} s after the onset and {delay:.0f} ms for the causal filter",
    )
    if person.note:
        _say(console, person.note)


def _show(console: Console, outcome: Decision | Lost) -> None:
    head = f"{outcome.marker.onset:9.3f} s"
    if isinstance(outcome, Lost):
        console.print(f"{head}  [yellow]lost:[/yellow] {escape(outcome.reason)}", highlight=False)
        return
    best = outcome.ranking
    names = "  ".join(
        f"{place}. {escape(name)} {probability:.2f}"
        for place, (name, probability) in enumerate(
            zip(best.names[0], best.probabilities[0], strict=True), start=1
        )
    )
    line = f"{head}  {1000 * outcome.latency:7.1f} ms  {names}"
    if outcome.marker.label:
        rank = int(best.true_rank[0]) if best.true_rank is not None else 0
        place = f"rank {rank} of {best.n_candidates}" if rank else "no candidate"
        line += f"  [dim]shown: {escape(outcome.marker.label)}, {place}[/dim]"
    console.print(line, highlight=False, soft_wrap=True)


def _summarise(
    console: Console, stream: StreamDecoder, outcomes: Sequence[Decision | Lost]
) -> None:
    decisions = [outcome for outcome in outcomes if isinstance(outcome, Decision)]
    lost = len(outcomes) - len(decisions)
    table = Table("stage", "median", "95 %", "max", "jitter", box=None, pad_edge=False,
                  title="latency in ms", title_justify="left", padding=(0, 2, 0, 0))  # fmt: skip
    found = latency_table(decisions, stream.filter_delay).set_index("stage")
    for stage, row in found[["median_ms", "p95_ms", "max_ms", "jitter_ms"]].iterrows():
        table.add_row(str(stage), *(f"{value:.2f}" for value in row))
    if decisions:
        console.print(table)
    _say(console, f"{len(decisions)} trials decided, {lost} lost, {len(stream.gaps)} gaps, "
                  f"{stream.dropped:.2f} s dropped because the decoder was too slow")  # fmt: skip
    if stream.left_out:
        _say(console, no_cues(stream.left_out))
        if not outcomes:
            _say(console, "no trial began: name what begins one with --cue")
    for name, n_samples in stream.unusable.items():
        _say(console, f"channel {name}: {n_samples} samples were NaN or infinite, left out")


def _say(console: Console, text: str) -> None:
    console.print(escape(text), highlight=False, soft_wrap=True)
