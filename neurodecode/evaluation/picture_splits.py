"""Splits of seen pictures into training, validation and a small and a large test set, by name.

A table with one row per presentation goes in; it comes back with the part of every row. Draws are
hashes of what is drawn (category, picture, recording) with the seed, so that a picture is in the
same part for everybody, on every machine, whatever the order of the rows.

The two test sets are those of the source: the *small* one has one picture per category, shown
most often; the *large* one has the other pictures of the same categories, often shown once.

References
----------
Benchetrit, Banville, King (2024), Brain decoding: toward real-time reconstruction of visual
perception, section 2.6 (the adapted, zero-shot split of THINGS-MEG).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.evaluation.audit import PART_FOLDS, AuditRow, audit_parts, fold_name
from neurodecode.evaluation.draws import Shares
from neurodecode.evaluation.folds import require
from neurodecode.evaluation.picture_assignment import (
    crowded,
    random_trials,
    unseen_images,
    unseen_recordings,
    zero_shot,
)
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from neurodecode.evaluation.audit import PartFold

TRIALS = ("participant", "recording", "onset", "image", "category", "part")
"""Columns that the table needs."""

CONTENT = "picture content"
"""Unit of the audit of picture files: the same bytes under two names."""

GAP_S = 3.0
"""Seconds between trials of two parts of one recording, longer than any window used here."""


@dataclass(frozen=True)
class PictureProtocol:
    """A named split of seen pictures.

    Attributes
    ----------
    name : str
        As in configurations and in the ``split`` field of scores.
    description : str
        One line for users.
    assign : callable
        ``assign(trials, shares)`` returns ``trials`` with ``part`` and ``test_set``.
    test_units : tuple of str
        What must not be both in test and in training or validation: columns of the result.
    valid_units : tuple of str
        What must not be both in training and validation.
    by_content : bool
        Whether the same picture under two names would be a leak.
    leaks : str or None
        What leaks, for published protocols kept for comparison; None for honest ones.
    """

    name: str
    description: str
    assign: Callable[[pd.DataFrame, Shares], pd.DataFrame]
    test_units: tuple[str, ...]
    valid_units: tuple[str, ...]
    by_content: bool = True
    leaks: str | None = None


def split_pictures(
    trials: pd.DataFrame,
    protocol: str = "zero_shot",
    *,
    valid: float = 0.2,
    test: float = 0.1,
    seed: int = 0,
    gap: float = GAP_S,
    contents: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Give every presentation its part.

    ======================= ======================================================================
    ``zero_shot``           Test categories are unseen. Where the publisher names test pictures
                            they are the small set, and every other picture of their categories is
                            the large set. Elsewhere a share ``test`` of the categories is drawn,
                            at least two; the small set is the picture of each that was shown most
                            often (of several the one with the lowest draw), the large set is the
                            others.
    ``unseen_images``       Test pictures are unseen, their categories may be known. The
                            publisher's test pictures are the small set; elsewhere a share
                            ``test`` of the pictures is drawn and divided as above.
    ``unseen_recordings``   Pictures are known, recordings are unseen: a share ``test`` of each
                            participant's recordings, at least one. A participant with fewer
                            recordings than parts is split in ten time blocks per recording, with
                            ``gap`` seconds left out between two parts. Pictures that were not
                            trained on are left out of validation and test.
    ``random_trials``       Presentations are drawn at random; leaks, kept to compare with papers.
    ======================= ======================================================================

    Parameters
    ----------
    trials : DataFrame
        One row per presentation of everybody, with the columns of :data:`TRIALS`: ``part`` is
        what the publisher says ("train", "test" or ""), ``onset`` is in s.
    protocol : str, default="zero_shot"
        Name in :data:`PICTURE_PROTOCOLS`.
    valid : float, default=0.2
        Share of the pictures (recordings, blocks, rows) that do not test; all presentations of a
        picture are on one side. The source draws 20 %.
    test : float, default=0.1
        Share of categories, pictures, recordings or rows, where the publisher names no test.
    seed : int, default=0
        Seed of all draws.
    gap : float, default=3.0
        Seconds between two parts of one recording that is split in time.
    contents : mapping of str to str, default=None
        SHA-256 of each picture's file. Names of one content are then one picture: they are drawn
        together, and left out of training where another name of theirs is tested.

    Returns
    -------
    DataFrame
        A copy in the same order, where ``published`` is the publisher's part, ``part`` is
        "train", "valid", "test" or "" (left out), ``test_set`` is "small" or "large" within test,
        else "", and ``block`` names the recording, with its time block where it is split in time.

    Raises
    ------
    ConfigFault
        The protocol is unknown, with the nearest name, or a share is outside its range.
    DataFault
        A column is missing, or training or test would be empty, with what to do.
    """
    chosen = picture_protocol(protocol)
    shares = Shares(valid, test, seed, gap)
    require(trials, *TRIALS)
    table = trials.rename(columns={"part": "published"})
    table = table.assign(part="", test_set="", block=_recordings(trials))
    table["picture"] = _identities(trials["image"], contents)
    done = chosen.assign(table, shares).drop(columns="picture")
    for part in ("train", "test"):
        if not (done["part"] == part).any():
            raise DataFault(
                f"no trial is left for {part}",
                where=f"split {protocol}",
                fix="choose another protocol, seed or share",
            )
    return done


def picture_protocol(name: str) -> PictureProtocol:
    """Return a protocol of :data:`PICTURE_PROTOCOLS`; ConfigFault with the nearest name."""
    if name not in PICTURE_PROTOCOLS:
        raise ConfigFault(unknown("picture split", name, PICTURE_PROTOCOLS))
    return PICTURE_PROTOCOLS[name]


def audit_pictures(
    trials: pd.DataFrame,
    protocol: str = "zero_shot",
    *,
    contents: Mapping[str, str] | None = None,
    gap: float = GAP_S,
) -> list[AuditRow]:
    """Count what two parts of a split share; every ``overlap`` must be 0.

    Parameters
    ----------
    trials : DataFrame
        From :func:`split_pictures`; counted anew, whoever made the parts.
    protocol : str, default="zero_shot"
        The protocol it claims to follow.
    contents : mapping of str to str, default=None
        SHA-256 of each picture's file; the same content under two names counts as shared, where
        the protocol does not mean pictures to be known.
    gap : float, default=3.0
        Seconds that ``unseen_recordings`` keeps between two parts of one recording.

    Returns
    -------
    list of AuditRow
        Training and validation against test, and training against validation, for each unit of
        the protocol: image, category, "recording or time block", content, or trials nearer in
        time than ``gap``.

    Raises
    ------
    ConfigFault
        If the protocol is unknown.
    """
    chosen = picture_protocol(protocol)
    rows = []
    for fold, units in zip(PART_FOLDS, (chosen.test_units, chosen.valid_units), strict=True):
        rows += [_shared(trials, trials[unit], unit, chosen, fold) for unit in units]
        if contents is not None and chosen.by_content:
            rows.append(_shared(trials, trials["image"].map(contents), CONTENT, chosen, fold))
        if "block" in units:
            rows.append(_too_near(trials, chosen, fold, gap))
    return rows


def _shared(
    trials: pd.DataFrame,
    keys: pd.Series[str],
    unit: str,
    chosen: PictureProtocol,
    fold: PartFold,
) -> AuditRow:
    units = keys.dropna().groupby(trials["part"]).agg(set).to_dict()
    name = "recording or time block" if unit == "block" else unit
    return audit_parts(
        units,
        trials["part"].value_counts().to_dict(),
        fold,
        split=chosen.name,
        unit=name,
        leaks=chosen.leaks,
    )


def _too_near(
    trials: pd.DataFrame, chosen: PictureProtocol, fold: PartFold, gap: float
) -> AuditRow:
    """Count the presentations of the known parts that are within ``gap`` s of the held-out one."""
    known, held_out = fold
    table = trials[trials["part"].isin([*known, held_out])]
    table = table.assign(part=np.where(table["part"] == held_out, "test", "train"))
    near = table[crowded(table, gap)]
    shown = tuple(f"{row.block} at {row.onset:.3f} s" for row in near.head(3).itertuples())
    n_known, n_held = (int((table["part"] == part).sum()) for part in ("train", "test"))
    unit = f"trial within {gap:g} s"
    where = fold_name(fold)
    return AuditRow(
        chosen.name, where, unit, n_known, n_held, n_known, n_held, len(near), shown, chosen.leaks
    )


def _recordings(trials: pd.DataFrame) -> pd.Series[str]:
    return (
        "participant " + trials["participant"].astype(str)
        + ", recording " + trials["recording"].astype(str)
    )  # fmt: skip


def _identities(images: pd.Series[str], contents: Mapping[str, str] | None) -> pd.Series[str]:
    return images if contents is None else images.map(contents).fillna(images)


PICTURE_PROTOCOLS: dict[str, PictureProtocol] = {
    protocol.name: protocol
    for protocol in (
        PictureProtocol(
            "zero_shot",
            "pictures of categories that nobody was trained on",
            zero_shot,
            test_units=("image", "category"),
            valid_units=("image",),
        ),
        PictureProtocol(
            "unseen_images",
            "pictures that nobody was trained on, of known or unknown categories",
            unseen_images,
            test_units=("image",),
            valid_units=("image",),
        ),
        PictureProtocol(
            "unseen_recordings",
            "known pictures in recordings, or stretches of them, that were not trained on",
            unseen_recordings,
            test_units=("block",),
            valid_units=("block",),
            by_content=False,
        ),
        PictureProtocol(
            "random_trials",
            "presentations drawn at random, as in some papers",
            random_trials,
            test_units=("image",),
            valid_units=("image",),
            leaks="presentations of one picture are in training and test",
        ),
    )
}
"""Protocols by name."""
