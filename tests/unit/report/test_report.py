"""Reports: escaped, self-contained, readable without seeing the figures."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pandas as pd
import pytest

from neurodecode.report.dag import draw_dag, parse_mermaid, plan_graph
from neurodecode.report.figures import confusion_figure, difference_figure, score_figure
from neurodecode.report.model import Claim, Code, Headline, Report, Section, Table
from neurodecode.report.render import p_text, render
from neurodecode.report.sections import claims_section, f3, headline, interval

EVIL = "<img src=x onerror=alert(1)>"


def rows():
    shared = {"metric": "roc_auc", "split": "s", "chance": 0.5, "ceiling": 0.9, "unit": "subject",
              "p_value": 0.01, "chance_95": 0.55, "n": 2}  # fmt: skip
    found = []
    for model, values in {"A": (0.7, 0.8), EVIL: (0.5, 0.6)}.items():
        mean = sum(values) / 2
        group = {"level": "group", "value": mean, "ci_low": mean - 0.1, "ci_high": mean + 0.1}
        found.append({**shared, "model": model, **group, "subject": None})
        for subject, value in zip(("1", "2"), values, strict=True):
            one = {
                "level": "subject",
                "value": value,
                "ci_low": value - 0.2,
                "ci_high": value + 0.2,
            }
            found.append({**shared, "model": model, **one, "subject": subject})
    return pd.DataFrame(found)


@pytest.fixture(scope="module")
def page():
    figure = score_figure(rows(), metric="ROC-AUC", name="scores", main="A")
    section = Section(EVIL, [EVIL, figure, Table((EVIL,), [(EVIL,)], EVIL), Code(EVIL, EVIL)])
    claims = claims_section([Claim("A1", EVIL, "simulated", "0", "fails", EVIL)])
    return render(Report(EVIL, EVIL, headline(rows(), EVIL, "s"), [section, claims]))


def test_markup_in_any_text_is_escaped(page):
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_the_page_asks_for_nothing_from_outside(page):
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#|data:)', page)
    assert not re.findall(r"url\((?!#)", page)
    assert "default-src 'none'" in page


def test_every_figure_has_a_text_alternative_that_holds_its_numbers(page):
    labels = re.findall(r'<figure role="img" aria-label="([^"]*)"', page)
    assert len(labels) == page.count("<figure") == 1
    assert "A 0.750" in labels[0]
    assert "chance 0.50" in labels[0]


def test_the_page_adapts_to_phones_and_dark_rooms(page):
    assert 'name="viewport"' in page
    assert "prefers-color-scheme: dark" in page
    assert "fill: currentColor" in page or "currentColor" in page


def test_a_failed_claim_is_shown_as_failed(page):
    assert '<td class="fails">fails</td>' in page


@pytest.mark.parametrize(
    "figure",
    [
        score_figure(rows(), metric="ROC-AUC", name="a", main="A"),
        difference_figure(
            pd.DataFrame({"label": ["x"], "difference": [0.1], "ci_low": [0], "ci_high": [0.2]}),
            metric="ROC-AUC", name="b",
        ),
        confusion_figure(
            pd.DataFrame({"y_true": ["l", "l", "r", "r"], "y_pred": ["l", "r", "r", "r"]}), name="c"
        ),
    ],
)  # fmt: skip
def test_figures_are_sound_svg_with_own_ids(figure):
    ET.fromstring(figure.svg)
    assert figure.alt
    assert len(figure.svg) < 60_000


def test_the_same_figure_is_the_same_bytes():
    first, second = (score_figure(rows(), metric="m", name="a", main="A") for _ in range(2))
    assert first.svg == second.svg


def test_a_confusion_matrix_shows_shares_of_each_true_class():
    table = pd.DataFrame({"y_true": ["l"] * 4 + ["r"] * 2, "y_pred": ["l"] * 3 + ["r"] * 3})
    figure = confusion_figure(table, name="c")
    assert "l decoded as l most often (0.75)" in figure.alt
    assert "r decoded as r most often (1.00)" in figure.alt
    assert figure.caption == "Share of each true class (trials)."
    windows = confusion_figure(table, name="c", unit="windows")
    assert windows.caption == "Share of each true class (windows)."


def test_the_graph_has_every_job_and_edge_of_the_mermaid_text():
    text = (
        "---\ntitle: DAG\n---\nflowchart TB\n\tid0[all]\n\tid1[fetch\\ndataset: x]\n\tid1 --> id0\n"
    )
    nodes, edges = parse_mermaid(text)
    assert nodes == {"id0": "all", "id1": "fetch dataset: x"}
    assert edges == [("id1", "id0")]
    drawing = draw_dag(nodes, edges)
    assert drawing.count("<rect") == 2
    assert drawing.count("<path") == 1
    ET.fromstring(drawing)


def test_the_plan_s_graph_counts_its_jobs():
    nodes, edges = plan_graph("x", {"1": ["1"], "2": ["2"]}, {"1": ["1"], "2": ["2"]})
    assert nodes["prepare"] == "prepare x 2"
    assert ("train", "evaluate") in edges


def test_numbers_that_are_not_known_are_a_dash():
    assert f3(None) == f3(float("nan")) == interval(None, 1.0) == "-"
    assert p_text(None) == p_text(float("nan")) == "not tested"
    assert p_text(0.0004) == "< 0.001"


def test_the_headline_says_value_interval_chance_and_ceiling():
    said = Headline("A", "ROC-AUC", 0.8, 0.7, 0.9, 0.5, 0.01, 10, "subject", 0.95).sentence
    assert said == (
        "A: ROC-AUC 0.800 (95 % interval 0.700 to 0.900, 10 subjects), chance 0.50, "
        "best possible 0.950"
    )
