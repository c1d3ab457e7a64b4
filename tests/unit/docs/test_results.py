"""What holds on the pages of the decoders: written by a tool from reports, claims and pictures."""

from __future__ import annotations

import ast
import re
from dataclasses import asdict
from pathlib import Path
from xml.etree import ElementTree

import pytest

from neurodecode.artefacts import write_json
from neurodecode.config import to_yaml
from neurodecode.faults import ConfigFault
from neurodecode.report.figures import timing_figure
from neurodecode.report.model import Claim, Headline, Report, Section
from neurodecode.report.render import write_report
from neurodecode.workflow.project import find_project

REPOSITORY = Path(__file__).parents[3]
PAGES = REPOSITORY / "docs" / "decoders"
ROOMS = {
    "acm": "riemann", "speech": "contrastive/speech", "image": "contrastive/image",
    "mindbridge": "mindbridge", "emotion": "emotion", "spikes": "spikes", "adhd": "connectome",
    "mci": "morphometry",
}  # fmt: skip
KEY = re.compile(r"[A-Z]\d+[a-z]?(, \w+)?")
PLACE = re.compile(r"^<!-- results: demo -->\n(.*?)^<!-- results_end -->$", flags=re.M | re.S)
OLD = "# acm\n\nBefore.\n\n<!-- results: smoke -->\nold\n<!-- results_end -->\n\nAfter.\n"
CLAIM = Claim("A1", "It *beats* the rest", "real", "+0.1 [+0.0, +0.2]", "holds", "a|b, p < 0.05")


def claimed(pipeline):
    """Return the claims that a pipeline's room answers, by the keys in its module."""
    tree = ast.parse((REPOSITORY / "neurodecode" / ROOMS[pipeline] / "claims.py").read_text())
    texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
    return {text for text in texts if isinstance(text, str) and KEY.fullmatch(text)}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a finished run of ``acm`` with one claim and one picture, and a page for it."""
    monkeypatch.chdir(REPOSITORY)
    folder = tmp_path / "run"
    folder.mkdir()
    headline = Headline("ACM", "AUC", 0.8, 0.7, 0.9, 0.5, 0.01, 10, "subject", 0.95)
    figure = timing_figure([{"rule": "fetch", "wall_s": 1.0, "cpu_s": 0.5}], name="time")
    sections = [Section("Scores within session", [figure]),
                Section("Comparisons within session", [figure])]  # fmt: skip
    write_report(Report("t", "s", headline, sections, {"claims": [asdict(CLAIM)]}), folder)
    record = {
        "pipeline": "acm", "experiment": "smoke", "status": "complete", "dataset": "simulated",
        "started": "2026-01-02T03:04:05", "neurodecode": "0.1.0", "git_commit": "abc1234",
        "seed": 42,
    }  # fmt: skip
    write_json(folder / "run.json", record)
    (folder / "config.yaml").write_text(to_yaml(find_project().pipeline("acm").load("smoke")))
    (tmp_path / "acm.md").write_text(OLD)
    return folder


def test_a_page_gets_the_claims_and_pictures_of_a_report_and_keeps_its_own_words(results, run):
    page = results.renew(run, run.parent)
    text = page.read_text()
    assert text.startswith("# acm\n\nBefore.\n\n<!-- results: smoke -->\n\nACM: **0.800** AUC (")
    assert text.endswith("<!-- results_end -->\n\nAfter.\n")
    assert "\nold\n" not in text
    line = (
        r"| **A1** It \*beats\* the rest | holds | +0.1 \[+0.0,&nbsp;+0.2\] | a\|b, p &lt; 0.05 |"
    )
    assert line in text
    assert (
        "`neurodecode run acm smoke` on simulated, seed 42, version 0.1.0 at commit abc1234, "
        in (text)
    )
    assert "2026-01-02." in text
    shown = re.findall(r"!\[Wall time by rule: fetch 1.0 s\]\((figures/\S+)\)", text)
    assert shown == ["figures/acm-smoke-scores-within-session.svg",
                     "figures/acm-smoke-comparisons-within-session.svg"]  # fmt: skip
    for name in shown:
        assert ElementTree.parse(page.parent / name).getroot().get("width") == "674"


def test_renewing_a_page_again_changes_nothing_and_leaves_no_old_picture(results, run):
    text = results.renew(run, run.parent).read_text()
    left = run.parent / "figures" / "acm-smoke-of-another-day.svg"
    left.write_text("<svg/>")
    assert results.renew(run, run.parent).read_text() == text
    assert not left.exists()


def test_an_unfinished_run_is_no_result(results, run):
    write_json(run / "run.json", {"pipeline": "acm", "experiment": "smoke", "status": "failed"})
    with pytest.raises(ConfigFault, match="the run is failed"):
        results.renew(run, run.parent)


def test_a_run_with_settings_of_its_own_is_not_shown_as_the_experiment(results, run):
    other = find_project().pipeline("acm").load("smoke", ["seed=7"])
    (run / "config.yaml").write_text(to_yaml(other))
    with pytest.raises(ConfigFault, match="settings are not those of the experiment"):
        results.renew(run, run.parent)


def test_a_page_without_a_place_for_the_run_is_named(results, run):
    (run.parent / "acm.md").write_text("# acm\n")
    with pytest.raises(ConfigFault, match="no line '<!-- results: smoke -->'"):
        results.renew(run, run.parent)


def test_a_picture_that_the_report_lacks_is_answered_with_the_nearest(results):
    found = [results.Picture("scores-within-session", "<svg/>", "", "")]
    with pytest.raises(ConfigFault, match="did you mean 'scores-within-session'"):
        results.chosen(found, "acm")
    assert results.chosen(found, "of your own") == found


def test_outlines_of_many_lines_become_one_path(results):
    look = 'clip-path="url(#c)" style="fill: none; stroke: #000000"'
    lines = "".join(
        f'<g id="p">\n<path d="M {x}.04 1.111 \nL {x + 1}.04 1.111 \n" {look}/>\n</g>\n'
        for x in range(3)
    )
    svg = f'<svg style="max-width:90px" viewBox="0 0 60 20">{lines}</svg>'
    text = results.standalone(svg)
    assert text.startswith('<svg width="90" height="30" style=')
    assert re.findall(r' d="([^"]*)"', text) == ["M0 1.1L1 1.1L2 1.1L3 1.1"]


@pytest.mark.parametrize("pipeline", sorted(ROOMS))
def test_a_page_answers_every_claim_of_its_pipeline(pipeline):
    (part,) = PLACE.findall((PAGES / f"{pipeline}.md").read_text(encoding="utf-8"))
    rows = re.findall(r"^\| \*\*(.+?)\*\* .+ \| (.+?) \| (.+?) \| .* \|$", part, flags=re.M)
    assert claimed(pipeline) - {key for key, _, _ in rows} == set()
    assert {verdict for _, verdict, _ in rows} <= {"holds", "fails", "not shown", "not tested"}
    assert f"From the report of `neurodecode run {pipeline} demo` on " in part


@pytest.mark.parametrize("pipeline", sorted(ROOMS))
def test_pictures_of_a_page_are_there_light_and_well_formed(results, pipeline):
    names = re.findall(r"\]\((figures/\S+\.svg)\)", (PAGES / f"{pipeline}.md").read_text())
    assert len(names) == len(results.PICTURES[pipeline])
    for name in names:
        assert (PAGES / name).stat().st_size <= results.LARGEST
        assert ElementTree.parse(PAGES / name).getroot().tag.endswith("svg")
    kept = {f"figures/{path.name}" for path in (PAGES / "figures").glob(f"{pipeline}-*.svg")}
    assert kept == set(names)
