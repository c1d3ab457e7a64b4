"""Curves compare the same queries of the same participants."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.config import validate
from neurodecode.contrastive.speech.config import SpeechConfig
from neurodecode.contrastive.speech.curves import (
    adaptation_section,
    adaptation_table,
    curve_section,
    curve_table,
)

METRIC = "top-10 accuracy"
CONFIG = validate(
    SpeechConfig,
    {"description": "", "data": {"dataset": "simulated-listening"}, "decoders": ["contrastive"],
     "seeds": [1, 2]},
)  # fmt: skip


def queries(unit, kind, participants, hit, *, model="contrastive", seed=1, n=60):
    """Return predictions of which a share ``hit`` is within the ten best."""
    tables = [
        pd.DataFrame(
            {
                "unit": unit, "kind": kind, "model": model, "seed": seed, "participant": label,
                "recording_name": "0", "start": np.arange(n),
                "sentence": [f"s{i // 4}" for i in range(n)],
                "rank": np.where(np.arange(n) % 10 < 10 * hit, 1, 30), "n_candidates": 40,
            }
        )
        for label in participants
    ]  # fmt: skip
    return pd.concat(tables, ignore_index=True)


@pytest.fixture
def predictions():
    return pd.concat(
        [
            queries("contrastive.seed-1", "decoder", ["01", "02", "03"], 0.8),
            queries("contrastive.seed-2", "decoder", ["01", "02", "03"], 0.1, seed=2),
            queries("ReLU.seed-1", "decoder", ["01", "02", "03"], 0.2, model="ReLU"),
            queries("contrastive.seed-1.only-01", "curve", ["01"], 0.3),
            queries("contrastive.seed-1.only-02", "curve", ["02"], 0.5),
            queries("contrastive.seed-1.participants-2", "curve", ["01", "02"], 0.6),
            queries("contrastive.seed-1.without-03", "adaptation", ["03"], 0.2, model="0 min"),
            queries("contrastive.seed-1.without-03", "adaptation", ["03"], 0.4, model="0.5 min"),
            queries("contrastive.seed-1.without-03", "adaptation", ["03"], 0.7, model="10 min"),
        ],
        ignore_index=True,
    )


def test_the_curve_ends_with_the_main_decoder_of_the_first_seed(predictions):
    table = curve_table(predictions, CONFIG, METRIC)
    means = table.drop_duplicates("amount").set_index("amount")["mean"].to_dict()
    assert means == pytest.approx({1: 0.4, 2: 0.6, 3: 0.8})
    assert set(table["subject"]) == {"01", "02"}
    alone = table[table["amount"] == 1].set_index("subject")["value"].to_dict()
    assert alone == pytest.approx({"01": 0.3, "02": 0.5})
    assert table["chance"].unique() == pytest.approx([0.25])


def test_the_gain_is_from_the_fewest_to_the_most_over_the_same_sentences(predictions):
    gain = curve_table(predictions, CONFIG, METRIC)["gain"].iloc[0]
    assert gain["difference"] == pytest.approx(0.4)
    assert gain["ci_low"] <= 0.4 <= gain["ci_high"]


def test_adaptation_is_ordered_by_minutes(predictions):
    table = adaptation_table(predictions, METRIC)
    means = table.drop_duplicates("amount").set_index("amount")["mean"]
    assert means.index.tolist() == [0, 0.5, 10]
    assert means.tolist() == pytest.approx([0.2, 0.4, 0.7])


def test_the_full_score_beside_adaptation_is_that_of_the_first_seed(predictions):
    (section,) = adaptation_section(predictions, CONFIG, METRIC)
    assert "it scores 0.800" in section.blocks[0]


def test_what_was_not_run_has_no_section(predictions):
    decoders = predictions[predictions["kind"] == "decoder"]
    assert curve_section(curve_table(decoders, CONFIG, METRIC), METRIC) == []
    assert adaptation_section(decoders, CONFIG, METRIC) == []


def test_figures_speak_their_values(predictions):
    (section,) = curve_section(curve_table(predictions, CONFIG, METRIC), METRIC)
    figure = section.blocks[1]
    assert "1: 0.400; 2: 0.600; 3: 0.800" in figure.alt
    assert figure.svg.startswith("<svg")
