"""Splits of spike windows by name, honest ones and the released one that leaks, and their audit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.evaluation.audit import PART_FOLDS, AuditRow, audit_parts, fold_name, unit_keys
from neurodecode.evaluation.draws import draw_of_key
from neurodecode.evaluation.folds import Rows, positions, require
from neurodecode.evaluation.spike_windows import WINDOWS, shared_moments
from neurodecode.faults import ConfigFault, DataFault, LeakFault, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PARTS = ("train", "valid", "test")
MOMENT = "recorded moment"
"""Unit that no honest protocol may let cross: a window that sees what another part sees."""


@dataclass(frozen=True, kw_only=True)
class SpikeSplitSettings:
    """What a protocol may ask for; each reads what concerns it.

    Attributes
    ----------
    n_blocks : int
        Of ``blocked_time``: contiguous blocks of each session.
    n_folds : int
        Groups of blocks or trials; one tests, the next one validates.
    gap_s : float
        Time that must lie between what two parts see, s; at least the correlation time of rates
        and behaviour.
    stratify : str or None
        Of ``trial_wise``: column of the trials, as "stimulus", spread evenly over the folds.
    train_share : float
        Of ``random_windows``: share of the windows that trains.
    seed : int
        Of all draws.
    """

    n_blocks: int = 20
    n_folds: int = 5
    gap_s: float = 1.0
    stratify: str | None = None
    train_share: float = 0.8
    seed: int = 0

    def __post_init__(self) -> None:
        if self.n_folds < 3:
            raise ConfigFault(f"{self.n_folds} folds", fix="give 3 or more: train, validate, test")
        if self.n_blocks < self.n_folds:
            what = f"{self.n_blocks} blocks for {self.n_folds} folds"
            raise ConfigFault(what, fix="give at least as many blocks as folds")
        if self.gap_s < 0:
            raise ConfigFault(f"gap_s {self.gap_s:g}", fix="give 0 or more")
        if not 0 < self.train_share < 1:
            raise ConfigFault(f"train_share {self.train_share:g}", fix="give a share in (0, 1)")


@dataclass(frozen=True, eq=False)
class SpikeFold:
    """Parts of a window table.

    Attributes
    ----------
    name : str
        For logs and faults.
    train, valid, test : ndarray of int
        Positions (``iloc``), sorted; ``valid`` may be empty.
    """

    name: str
    train: Rows
    valid: Rows
    test: Rows
    blocks: Rows = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    """Block or trial of every row of the table, by number: what intervals are drawn over."""

    def __post_init__(self) -> None:
        for one, other in combinations(PARTS, 2):
            if np.intersect1d(getattr(self, one), getattr(self, other)).size:
                raise LeakFault(f"a window is in {one} and in {other}", where=self.name)
        if not (self.train.size and self.test.size):
            raise DataFault(
                f"{self.train.size} training and {self.test.size} test windows",
                where=self.name,
                fix="use shorter gaps, fewer blocks or folds, or a longer recording",
            )


@dataclass(frozen=True)
class SpikeProtocol:
    """A named split of windows.

    Attributes
    ----------
    name, description : str
    units : tuple of str
        What must not cross, or, of the protocol that leaks, what does.
    make : callable
        ``make(windows, settings)`` returns the folds.
    leaks : str or None
        What leaks, for the protocol kept for comparison.
    """

    name: str
    description: str
    units: tuple[str, ...]
    make: Callable[[pd.DataFrame, SpikeSplitSettings], list[SpikeFold]]
    leaks: str | None = None


def split_spikes(
    windows: pd.DataFrame, protocol: str, settings: SpikeSplitSettings | None = None
) -> list[SpikeFold]:
    """Divide windows.

    ================== ======================================================================
    ``blocked_time``   Blocks of time of every session are held out, with gaps between.
    ``trial_wise``     Whole trials are held out.
    ``random_windows`` Released, leaks: windows drawn at random, neighbours train and test.
    ================== ======================================================================

    Parameters
    ----------
    windows : DataFrame
        From :func:`~neurodecode.evaluation.spike_windows.window_table`, of one or more sessions.
    protocol : str
        Name in :data:`SPIKE_PROTOCOLS`.
    settings : SpikeSplitSettings, optional

    Raises
    ------
    ConfigFault
        If the protocol is unknown, with the nearest name.
    DataFault
        If the windows do not allow the split.
    """
    require(windows, *WINDOWS)
    return spike_protocol(protocol).make(windows, settings or SpikeSplitSettings())


def spike_protocol(name: str) -> SpikeProtocol:
    """Return a protocol of :data:`SPIKE_PROTOCOLS`; ConfigFault with the nearest name."""
    if name not in SPIKE_PROTOCOLS:
        raise ConfigFault(unknown("split of spike windows", name, SPIKE_PROTOCOLS))
    return SPIKE_PROTOCOLS[name]


def blocked_time(windows: pd.DataFrame, settings: SpikeSplitSettings) -> list[SpikeFold]:
    """Hold out every ``n_folds``-th block of time of each session; the block after it validates.

    Of two parts that see moments nearer than ``gap_s``, the training windows are dropped, then
    the validation windows; test windows all stay.

    Raises
    ------
    DataFault
        If a session has fewer windows than blocks, or a part is empty.
    """
    block = time_blocks_of(windows, settings.n_blocks)
    group = block % settings.n_folds
    return [_with_gaps(windows, group, place, settings, block) for place in range(settings.n_folds)]


def trial_wise(windows: pd.DataFrame, settings: SpikeSplitSettings) -> list[SpikeFold]:
    """Hold out whole trials, dealt to folds by a draw, within each value of ``stratify``.

    Raises
    ------
    DataFault
        If there are no trials, or fewer in a session than folds.
    """
    if "trial" not in windows:
        raise DataFault("the windows belong to no trials", fix="split by blocked_time")
    require(windows, *(() if settings.stratify is None else (settings.stratify,)))
    group = np.empty(len(windows), dtype=np.intp)
    block = np.empty(len(windows), dtype=np.intp)
    for (subject, session), rows in positions(windows, "subject", "session"):
        mine = windows.iloc[rows]
        trials = mine.drop_duplicates("trial")
        if len(trials) < settings.n_folds:
            raise DataFault(
                f"{len(trials)} trials for {settings.n_folds} folds",
                where=f"subject {subject}, session {session}",
                fix="use fewer folds",
            )
        labels = trials["trial"].astype(str)
        draws = [draw_of_key(f"{settings.seed} {subject} {session} {label}") for label in labels]
        strata = trials[settings.stratify] if settings.stratify else pd.Series(0, trials.index)
        order = np.lexsort((np.array(draws), pd.factorize(strata, sort=True)[0]))
        fold = dict(zip(trials["trial"].to_numpy()[order], range(len(trials)), strict=True))
        group[rows] = mine["trial"].map(fold).to_numpy() % settings.n_folds
        block[rows] = mine["trial"].map(fold).to_numpy()
    return [
        _with_gaps(windows, group, place, replace(settings, gap_s=0.0), block)
        for place in range(settings.n_folds)
    ]


def random_windows(windows: pd.DataFrame, settings: SpikeSplitSettings) -> list[SpikeFold]:
    """Draw training windows without replacement, as released; leaks, for demonstration.

    The published training chooses its checkpoint on the test windows: ``valid`` is empty, whoever
    does the same passes ``test`` for it.
    """
    order = np.random.default_rng(settings.seed).permutation(len(windows))
    cut = int(len(windows) * settings.train_share)
    none = np.empty(0, dtype=np.intp)
    block = time_blocks_of(windows, settings.n_blocks)
    return [SpikeFold("random draw", np.sort(order[:cut]), none, np.sort(order[cut:]), block)]


def audit_spikes(
    windows: pd.DataFrame, folds: Iterable[SpikeFold], protocol: str
) -> list[AuditRow]:
    """Count what the parts of each fold share, by the units of the protocol and by moment.

    Parameters
    ----------
    windows : DataFrame
        What the folds refer to.
    folds : iterable of SpikeFold
    protocol : str
        The protocol that they claim to follow.

    Returns
    -------
    list of AuditRow
        Per fold training and validation against test, and training against validation; pass them
        to :func:`~neurodecode.evaluation.audit.assert_no_leak`.

    Raises
    ------
    ConfigFault
        If the protocol is unknown.
    """
    chosen = spike_protocol(protocol)
    found = []
    for fold in folds:
        table = windows.assign(time_block=fold.blocks) if fold.blocks.size else windows
        for pair in PART_FOLDS:
            rows = {part: getattr(fold, part) for part in PARTS}
            counts = {part: len(value) for part, value in rows.items()}
            for unit in chosen.units:
                keys = unit_keys(table, unit)
                units = {part: set(keys[value].tolist()) for part, value in rows.items()}
                row = audit_parts(
                    units, counts, pair, split=chosen.name, unit=unit, leaks=chosen.leaks
                )
                found.append(replace(row, fold=f"{fold.name}, {row.fold}"))
            known = windows.iloc[np.concatenate([rows[part] for part in pair[0]])]
            held_out = windows.iloc[rows[pair[1]]]
            both = held_out[shared_moments(known, held_out)]
            shown = tuple(
                f"subject {row.subject}, session {row.session}, {row.start:.3f} s"
                for row in both.head(3).itertuples()
            )
            found.append(AuditRow(
                chosen.name, f"{fold.name}, {fold_name(pair)}", MOMENT, len(known), len(held_out),
                len(known), len(held_out), len(both), shown, chosen.leaks,
            ))  # fmt: skip
    return found


def time_blocks_of(windows: pd.DataFrame, n_blocks: int) -> Rows:
    """Return the block of time, 0 to ``n_blocks - 1``, of every window of each session.

    Raises
    ------
    DataFault
        If a session has fewer windows than blocks.
    """
    block = np.empty(len(windows), dtype=np.intp)
    for (subject, session), rows in positions(windows, "subject", "session"):
        if rows.size < n_blocks:
            raise DataFault(
                f"{rows.size} windows for {n_blocks} time blocks",
                where=f"subject {subject}, session {session}",
                fix="use fewer blocks or shorter windows",
            )
        order = rows[np.argsort(windows["start"].to_numpy()[rows], kind="stable")]
        block[order] = np.arange(rows.size) * n_blocks // rows.size
    return block


def _with_gaps(
    windows: pd.DataFrame, group: Rows, place: int, settings: SpikeSplitSettings, block: Rows
) -> SpikeFold:
    """Test one group, validate on the next, train on what sees nothing near these."""
    test = np.flatnonzero(group == place)
    valid = np.flatnonzero(group == (place + 1) % settings.n_folds)
    train = np.flatnonzero((group != place) & (group != (place + 1) % settings.n_folds))
    wide = windows.assign(
        seen_start=windows["seen_start"] - settings.gap_s,
        seen_stop=windows["seen_stop"] + settings.gap_s,
    )
    valid = valid[~shared_moments(wide.iloc[test], windows.iloc[valid])]
    held_out = wide.iloc[np.concatenate([test, valid])]
    train = train[~shared_moments(held_out, windows.iloc[train])]
    return SpikeFold(f"fold {place}", train, valid, test, block)


SPIKE_PROTOCOLS: dict[str, SpikeProtocol] = {
    protocol.name: protocol
    for protocol in (
        SpikeProtocol(
            "blocked_time",
            "blocks of time that were not trained on, with gaps between",
            units=("time_block",),
            make=blocked_time,
        ),
        SpikeProtocol(
            "trial_wise",
            "trials that were not trained on",
            units=("trial",),
            make=trial_wise,
        ),
        SpikeProtocol(
            "random_windows",
            "windows drawn at random, as released",
            units=("time_block",),
            make=random_windows,
            leaks="neighbouring windows, 50 ms apart, are in training and test",
        ),
    )
}
"""Protocols by name."""
