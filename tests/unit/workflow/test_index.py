"""The page over all runs, as it is without its script."""

from __future__ import annotations

import base64
import hashlib
import re
from xml.etree import ElementTree

import pytest

from neurodecode.report.axis import Axis
from neurodecode.workflow.index import write_index


@pytest.fixture
def page(reports):
    """Return the text of the page."""
    return write_index(reports).read_text()


def row_of(page, name):
    """Return the table row of a run."""
    return next(row for row in re.findall(r"<tr data-name.*?</tr>", page, re.DOTALL)
                if row.startswith(f'<tr data-name="{name}"'))  # fmt: skip


def places(row, kind):
    """Return where a row's marks of a class lie, %."""
    found = re.findall(rf'<line class="{kind}" x1="([\d.]+)%" x2="([\d.]+)%"', row)
    return [tuple(map(float, ends)) for ends in found]


def test_each_run_has_a_row_with_its_score_and_a_link_where_there_is_a_report(page):
    demo, failed = row_of(page, "mci/demo"), row_of(page, "mci/failed")
    assert 'href="mci/demo/report.html"' in demo
    assert "0.630 [0.560, 0.700]" in demo
    assert "href" not in failed
    assert '<span class="fails">failed</span>' in failed
    assert '<span class="fails">interrupted</span>' in row_of(page, "acm/killed")
    assert "of an earlier run" in row_of(page, "acm/again")
    assert page.count("<tr data-name") == 9


def test_a_run_without_interval_shows_none(page):
    row = row_of(page, "mci/alone")
    assert "0.630, no interval" in row
    assert not places(row, "interval")
    assert places(row, "chance")


def test_runs_of_one_pipeline_and_metric_share_an_axis(page):
    demo, better = row_of(page, "mci/demo"), row_of(page, "mci/better")
    assert places(demo, "chance") == places(better, "chance")
    ((low, high),), ((other_low, other_high),) = (
        places(demo, "interval"),
        places(better, "interval"),
    )
    assert low < high == other_low < other_high  # 0.56 to 0.7, and 0.7 to 0.8
    assert (high - low) / (other_high - other_low) == pytest.approx(1.4, abs=0.01)


def test_names_are_escaped_in_text_attributes_and_links(page):
    assert "<b>" not in page
    assert "old/&lt;b&gt;form&lt;/b&gt;" in page
    assert 'href="old/%3Cb%3Eform%3C/b%3E/report.html"' in page


def test_the_only_script_is_ours_and_the_policy_names_it_by_its_hash(page):
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    assert "default-src 'none'" in page
    assert not re.search(r'(src|href)="(https?:)?//', page)


def test_every_control_is_named_and_reached_in_the_order_of_the_page(page):
    boxes = re.findall(r'<input type="checkbox" aria-label="Compare ([^"]+)">', page)
    assert len(boxes) == page.count('type="checkbox"') == 4
    assert not re.search(r'tabindex="[^0]', page)
    assert page.count("<label>") == 2
    assert page.count("<caption>") == page.count("<table")


def test_a_folder_without_runs_says_how_to_make_one(tmp_path):
    assert "neurodecode run acm" in write_index(tmp_path).read_text()


@pytest.mark.parametrize(
    ("numbers", "texts"),
    [
        ((0.5, 0.86), ["0.5", "0.6", "0.7", "0.8"]),
        ((-120, 380), ["0", "200", "400"]),
        ((0.0012, 0.0031), ["0.0015", "0.0020", "0.0025", "0.0030"]),
        ((3.0,), ["2", "3", "4"]),
        ((0.0,), ["-0.4", "-0.2", "0.0", "0.2", "0.4"]),
    ],
)
def test_an_axis_holds_its_numbers_between_round_ticks(numbers, texts):
    axis = Axis.over(numbers)
    assert all(axis.low < number < axis.high for number in numbers)
    assert [text for _, text in axis.ticks] == texts
    assert axis.percent(axis.low) == "0.00%"
    assert axis.percent(axis.high) == "100.00%"


def test_each_drawing_is_well_formed(page):
    drawings = re.findall(r"<svg class=.*?</svg>", page, re.DOTALL)
    assert drawings
    for drawing in drawings:
        ElementTree.fromstring(drawing)
