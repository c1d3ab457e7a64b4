"""Scores against the number of training participants, and against minutes of a new one's data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.contrastive.speech.accuracy import chance_of, values_of
from neurodecode.evaluation.bootstrap import mean_ci
from neurodecode.report.growth import growth_figure
from neurodecode.report.model import Section, Table
from neurodecode.report.sections import f3, interval

if TYPE_CHECKING:
    from neurodecode.contrastive.speech.config import SpeechConfig

COLUMNS = ("amount", "subject", "value", "chance", "mean", "ci_low", "ci_high", "gain")


def curve_table(predictions: pd.DataFrame, config: SpeechConfig, metric: str) -> pd.DataFrame:
    """Return the main decoder's score by number of training participants.

    Returns
    -------
    DataFrame
        ``amount, subject, value, chance``, the mean with its interval over test sentences, and
        ``gain``: from the fewest to the most, over the same sentences.
    """
    curve = predictions[predictions["kind"] == "curve"]
    if curve.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    tested = set(curve["participant"])
    everybody = _of_main_decoder(predictions, config)
    full = everybody["participant"].nunique()
    amounts = curve["unit"].str.extract(r"participants-(\d+)$")[0].fillna("1").astype(int)
    parts = {int(str(amount)): part for amount, part in curve.groupby(amounts)}
    parts[full] = everybody[everybody["participant"].isin(tested)]
    return _table(dict(sorted(parts.items())), metric)


def adaptation_table(predictions: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the score on held-out participants by minutes of their data."""
    adapted = predictions[predictions["kind"] == "adaptation"]
    if adapted.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    parts = {
        float(str(model).split()[0]): part for model, part in adapted.groupby("model", sort=False)
    }
    return _table(dict(sorted(parts.items())), metric)


def _of_main_decoder(predictions: pd.DataFrame, config: SpeechConfig) -> pd.DataFrame:
    """Return its queries with the first seed, with which curves are trained."""
    return predictions[
        (predictions["kind"] == "decoder")
        & (predictions["model"] == config.decoders[0])
        & (predictions["seed"] == config.seeds[0])
    ]


def _table(parts: dict[int, pd.DataFrame] | dict[float, pd.DataFrame], metric: str) -> pd.DataFrame:
    amounts = list(parts)
    gain = _gain(parts[amounts[0]], parts[amounts[-1]], metric)  # type: ignore[index]
    rows = []
    for amount, part in parts.items():
        values = values_of(part, metric)
        ci = mean_ci(values, part["sentence"].to_numpy(), random_state=0, cluster_unit="sentence")
        by_subject = pd.Series(values).groupby(part["participant"].to_numpy()).mean()
        rows += [
            (amount, subject, value, chance_of(part, metric), ci.estimate, ci.low, ci.high, gain)
            for subject, value in by_subject.items()
        ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _gain(few: pd.DataFrame, many: pd.DataFrame, metric: str) -> dict[str, float]:
    """Difference on the same queries, resampled by sentence."""
    keys = ["participant", "recording_name", "start"]
    first = few[keys].assign(first=values_of(few, metric), sentence=few["sentence"])
    both = first.merge(many[keys].assign(last=values_of(many, metric)), on=keys)
    ci = mean_ci(
        (both["last"] - both["first"]).to_numpy(float), both["sentence"].to_numpy(),
        random_state=0, cluster_unit="sentence",
    )  # fmt: skip
    low, high = (ci.low, ci.high) if np.isfinite(ci.low) else (-np.inf, np.inf)
    return {"difference": ci.estimate, "ci_low": low, "ci_high": high}


def curve_section(table: pd.DataFrame, metric: str) -> list[Section]:
    """Figure and table of the participants' curve; nothing where there is none."""
    if table.empty:
        return []
    text = (
        f"The same {table['subject'].nunique()} participants are tested, and always trained on; "
        "intervals over their test sentences, so they say nothing of other people."
    )
    figure = growth_figure(table, xlabel="training participants", ylabel=metric, name="curve")
    return [Section("Training participants", [text, figure, _rows(table, metric, "participants")])]


def adaptation_section(
    predictions: pd.DataFrame, config: SpeechConfig, metric: str
) -> list[Section]:
    """Figure and table of adaptation to new participants; nothing where there is none."""
    table = adaptation_table(predictions, metric)
    if table.empty:
        return []
    everybody = _of_main_decoder(predictions, config)
    full = everybody[everybody["participant"].isin(set(table["subject"]))]
    text = (
        "The model is trained without the participant; then only the participant's own layer is "
        "fitted on the first minutes of training speech (0: the average of the others' layers). "
        f"Trained with all data of the participant it scores {values_of(full, metric).mean():.3f}."
    )
    figure = growth_figure(table, xlabel="minutes of data", ylabel=metric, name="adaptation")
    return [Section("A new participant", [text, figure, _rows(table, metric, "minutes")])]


def _rows(table: pd.DataFrame, metric: str, amount: str) -> Table:
    means = table.drop_duplicates("amount")
    rows = [
        (f"{row.amount:g}", f3(row.mean), interval(row.ci_low, row.ci_high), f"{row.chance:.3f}")
        for row in means.itertuples(index=False)
    ]
    return Table((amount, metric, "95 % interval over sentences", "chance"), rows)
