"""Split protocols by name, each with the unit that must not cross from training to test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurodecode.evaluation.blocked import time_blocks
from neurodecode.evaluation.splits import (
    cross_run,
    cross_session,
    cross_subject,
    group_folds,
    random_trials,
    within_session,
)
from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from neurodecode.evaluation.folds import Fold


@dataclass(frozen=True)
class Protocol:
    """A named split.

    Attributes
    ----------
    name : str
        As in configurations and in the ``split`` field of scores.
    unit : str or None
        Unit that must not cross; None where the caller names it (``unit=...``).
    make : callable
        ``make(trials, **options)`` returns the folds.
    leaks : str or None
        What leaks, for published protocols kept for comparison; None for honest ones.
    """

    name: str
    unit: str | None
    make: Callable[..., list[Fold]]
    leaks: str | None = None


PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol("within_session", "trial", within_session),
        Protocol("cross_run", "run", cross_run),
        Protocol("cross_session", "session", cross_session),
        Protocol("cross_subject", "subject", cross_subject),
        Protocol("group_folds", None, group_folds),
        Protocol("time_blocks", "time_block", time_blocks),
        Protocol(
            "random_trials",
            "session",
            random_trials,
            leaks="trials of one recording are in training and test",
        ),
    )
}
"""Protocols by name."""


def register_protocol(protocol: Protocol) -> Protocol:
    """Add a protocol of a pipeline; a second one of the same name raises ConfigFault."""
    known = PROTOCOLS.setdefault(protocol.name, protocol)
    if known != protocol:
        raise ConfigFault(f"protocol '{protocol.name}' is already registered")
    return protocol


def make_folds(name: str, trials: pd.DataFrame, **options: Any) -> list[Fold]:
    """Return the folds of a protocol.

    Parameters
    ----------
    name : str
        Name in ``PROTOCOLS``.
    trials : DataFrame
        One row per trial.
    **options
        Arguments of that protocol's function.

    Raises
    ------
    ConfigFault
        If the name is unknown.
    DataFault
        If the table does not allow the split.
    """
    if name not in PROTOCOLS:
        raise ConfigFault(unknown("split protocol", name, PROTOCOLS))
    return PROTOCOLS[name].make(trials, **options)
