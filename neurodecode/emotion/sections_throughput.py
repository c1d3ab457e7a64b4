"""The section of the emotion report on windows per second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.report.model import Section, Table

if TYPE_CHECKING:
    import pandas as pd


def throughput_section(table: pd.DataFrame, reference: str = "EEGNet") -> Section:
    """Return the windows per second of each network, and the ratio to the reference.

    Parameters
    ----------
    table : DataFrame
        Of :func:`neurodecode.emotion.throughput.measure_throughput`.
    reference : str, default="EEGNet"
        As it was measured.
    """
    first = table.iloc[0]
    rows = [
        (row.network, f"{row.parameters:,}", row.phase, f"{row.windows_per_second:,.0f}",
         f"{row.low:,.0f} to {row.high:,.0f}",
         *(("1", "") if row.network == reference else
           (f"{row.ratio:.2f}", f"{row.ratio_low:.2f} to {row.ratio_high:.2f}")))
        for row in table.itertuples()
    ]  # fmt: skip
    text = (
        f"All networks by turns on the same batches of {first.batch_size} windows, "
        f"{first.rounds} rounds, torch threads: {first.threads}, device: {first.device}. A "
        "training step is forward, loss, backward, Adam and the limits on weights. Medians over "
        f"rounds, with order statistics that cover them with 95 % or more; ratios to {reference} "
        "are taken within each round."
    )
    columns = ("network", "parameters", "phase", "windows per s", "interval",
               f"times {reference}'s", "interval")  # fmt: skip
    return Section("Throughput", [text, Table(columns, rows)])
