"""How each split of seen pictures gives presentations their part.

A table holds ``participant``, ``recording``, ``onset`` (s), ``image``, ``category``, ``published``
(the publisher's part), ``picture`` (which names are one picture) and ``block`` (the recording);
each function returns it with ``part`` and ``test_set``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.evaluation.blocked import time_block_index
from neurodecode.evaluation.folds import positions
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    import numpy.typing as npt

    from neurodecode.evaluation.draws import Shares

N_BLOCKS = 10
"""Time blocks of a recording that has to be split in time."""


def zero_shot(table: pd.DataFrame, shares: Shares) -> pd.DataFrame:
    """Test categories are unseen; see :func:`~.picture_splits.split_pictures`.

    Raises
    ------
    DataFault
        A picture has no category.
    """
    if (table["category"] == "").any():
        missing = sorted(table.loc[table["category"] == "", "image"].unique())
        raise DataFault(
            f"{len(missing)} pictures without category: {', '.join(missing[:3])}",
            where="split zero_shot",
            fix="add the column category, or choose unseen_images",
        )
    small = _published_pictures(table)
    if small.any():
        tested = table["category"].isin(table.loc[small, "category"])
        return _finish(table, tested, small, shares)
    drawn = shares.draw(table["category"], shares.test, "test category", least=2)
    tested = table["category"].isin(drawn)
    return _finish(table, tested, _shown_most(table, tested, shares), shares)


def unseen_images(table: pd.DataFrame, shares: Shares) -> pd.DataFrame:
    """Test pictures are unseen; see :func:`~.picture_splits.split_pictures`."""
    small = _published_pictures(table)
    if small.any():
        return _finish(table, small, small, shares)
    drawn = shares.draw(table["picture"], shares.test, "test picture", least=2)
    tested = table["picture"].isin(drawn)
    return _finish(table, tested, _shown_most(table, tested, shares), shares)


def unseen_recordings(table: pd.DataFrame, shares: Shares) -> pd.DataFrame:
    """Test recordings are unseen; see :func:`~.picture_splits.split_pictures`."""
    least = 1 if shares.valid else 0
    block = table["block"].to_numpy(dtype=object).copy()
    part = np.full(len(table), "train", dtype=object)
    for _, rows in positions(table, "participant"):
        if len(set(block[rows])) < 2 + least:
            number = time_block_index(
                table.iloc[rows], N_BLOCKS, within=("participant", "recording")
            )
            block[rows] += [f", time block {k}" for k in number]
        units = set(block[rows])
        test = shares.draw(units, shares.test, "test recording", least=1)
        valid = shares.draw(units - test, shares.valid, "valid recording", least=least)
        part[rows[np.isin(block[rows], list(valid))]] = "valid"
        part[rows[np.isin(block[rows], list(test))]] = "test"
    table = table.assign(block=block, part=part)
    table.loc[crowded(table, shares.gap), "part"] = ""
    known = table["picture"].isin(table.loc[table["part"] == "train", "picture"])
    table.loc[~known, "part"] = ""
    return table.assign(test_set=np.where(table["part"] == "test", "small", ""))


def random_trials(table: pd.DataFrame, shares: Shares) -> pd.DataFrame:
    """Presentations drawn at random; see :func:`~.picture_splits.split_pictures`."""
    rows = [f"{b} {o!r}" for b, o in zip(table["block"], table["onset"].astype(float), strict=True)]
    unit = pd.Series(rows, table.index)
    test = unit.isin(shares.draw(unit, shares.test, "test trial", least=1))
    valid = ~test & unit.isin(shares.draw(unit[~test], shares.valid, "valid trial"))
    part = np.select([test, valid], ["test", "valid"], "train")
    return table.assign(part=part, test_set=np.where(test, "small", ""))


def _finish(
    table: pd.DataFrame, tested: pd.Series[bool], small: pd.Series[bool], shares: Shares
) -> pd.DataFrame:
    """Give the tested rows their test set, and draw validation pictures from the others."""
    same = ~tested & table["picture"].isin(table.loc[tested, "picture"])
    others = ~tested & ~same
    drawn = shares.draw(table.loc[others, "picture"], shares.valid, "valid picture")
    valid = others & table["picture"].isin(drawn)
    part = np.select([tested, same, valid], ["test", "", "valid"], "train")
    test_set = np.select([tested & small, tested], ["small", "large"], "")
    return table.assign(part=part, test_set=test_set)


def _published_pictures(table: pd.DataFrame) -> pd.Series[bool]:
    """Return the rows of every picture that the publisher tests, all presentations."""
    return table["image"].isin(table.loc[table["published"] == "test", "image"])


def _shown_most(table: pd.DataFrame, tested: pd.Series[bool], shares: Shares) -> pd.Series[bool]:
    """Return the rows of one tested picture per category; without category each is its own."""
    rows = table[tested]
    category = rows["category"].where(rows["category"] != "", rows["picture"])
    counts = rows.groupby([category, "picture"]).size().rename("shown").reset_index()
    counts["draw"] = [shares.rank(name, "small picture") for name in counts["picture"]]
    order = counts.sort_values(["shown", "draw"], ascending=[False, True], kind="stable")
    return table["picture"].isin(order.drop_duplicates("category")["picture"])


def crowded(table: pd.DataFrame, gap: float) -> npt.NDArray[np.bool_]:
    """Return the rows that lie within ``gap`` s of a row of a later part of their recording.

    Training gives way to validation and test, validation to test.

    Parameters
    ----------
    table : DataFrame
        With ``participant``, ``recording``, ``onset`` (s) and ``part``.
    gap : float
        Seconds.
    """
    onset, part = table["onset"].to_numpy(float), table["part"].to_numpy()
    near = np.zeros(len(table), dtype=bool)
    for _, rows in positions(table, "participant", "recording"):
        for later, earlier in (("test", ("train", "valid")), ("valid", ("train",))):
            times = np.sort(onset[rows[part[rows] == later]])
            mine = rows[np.isin(part[rows], earlier)]
            if times.size and mine.size:
                after = np.searchsorted(times, onset[mine])
                right = times[np.minimum(after, times.size - 1)] - onset[mine]
                left = onset[mine] - times[np.maximum(after - 1, 0)]
                near[mine] |= np.minimum(np.abs(right), np.abs(left)) <= gap
    return near
