"""Report and index in a real browser: no error, no request, readable on a phone, run by keys."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess

import pytest

from neurodecode.workflow.index import write_index

BROWSER = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here")


def browse(page, tmp_path, *flags, fragment=""):
    """Open a page headless; return what the browser said, its document, and its requests."""
    log = tmp_path / "net.json"
    result = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-extensions", f"--user-data-dir={tmp_path / 'profile'}",
         "--enable-logging=stderr", f"--log-net-log={log}", *flags, page.as_uri() + fragment],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return result, log


def requested(log):
    """Return the addresses of all requests, but for the browser's own calls to its maker."""
    net_log = json.loads(log.read_text())
    kinds = {value: name for name, value in net_log["constants"]["logEventTypes"].items()}
    urls = {
        event["params"]["url"]
        for event in net_log["events"]
        if kinds[event["type"]] == "URL_REQUEST_START_JOB" and "url" in event.get("params", {})
    }
    own = re.compile(r"https?://[\w.-]*\.(google|googleapis|gstatic)\.com/")
    return {url for url in urls if not own.match(url)}


def test_the_report_opens_with_no_console_error_and_no_outside_request(finished, tmp_path):
    page = finished / "report.html"
    result, net_log = browse(page, tmp_path, "--dump-dom")
    assert "Leak audit" in result.stdout
    assert "CONSOLE" not in result.stderr, result.stderr
    outside = {url for url in requested(net_log) if not url.startswith(("file:", "data:"))}
    assert not outside


def scripted(page, script, folder):
    """Return a copy of a page, without its policy, that runs a script of the test when loaded."""
    text = page.read_text()
    policy = '<meta http-equiv="Content-Security-Policy"'
    start = text.index(policy)
    text = text[:start] + text[text.index(">", start) + 1 :]
    copy = folder / "scripted.html"
    added = f"<script>addEventListener('load',()=>{{{script}}})</script>"
    copy.write_text(text.replace("</head>", added + "</head>"))
    return copy


WIDTHS = "document.title=document.documentElement.scrollWidth+' '+innerWidth"


def test_the_report_fits_a_phone(finished, tmp_path):
    page = scripted(finished / "report.html", WIDTHS, tmp_path)
    result, _ = browse(page, tmp_path, "--dump-dom", "--window-size=500,900")
    width, window = map(int, titled(result).split())
    assert width <= window


def titled(result):
    """Return the title of a page after its scripts."""
    return result.stdout.split("<title>")[1].split("</title>")[0]


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """Return the page over four runs of two pipelines; one failed."""
    reports = tmp_path_factory.mktemp("index") / "reports"
    runs = {"mci/demo": (0.63, "AROC"), "mci/oasis1": (0.7, "AROC"), "acm/demo": (0.9, "ROC-AUC")}
    for name, (value, metric) in runs.items():
        score = {"metric": metric, "value": value, "ci_low": value - 0.05, "ci_high": value + 0.05}
        write_record(reports / name, headline={**score, "chance": 0.5, "ceiling": None})
    write_record(reports / "acm/broken", status="failed")
    return write_index(reports)


def write_record(folder, **entries):
    folder.mkdir(parents=True)
    pipeline, experiment = folder.parts[-2:]
    record = {
        "pipeline": pipeline,
        "experiment": experiment,
        "status": "complete",
        "started": "2026",
    }
    (folder / "run.json").write_text(json.dumps(record | entries))


STATE = """
const rows = [...document.querySelectorAll("section[data-pipeline] tr[data-name]")];
const panel = document.getElementById("comparison");
document.title = JSON.stringify({
  shown: rows.filter((row) => !row.hidden && !row.closest("section").hidden).map((r) => r.dataset.name),
  said: document.querySelector("output").textContent,
  open: !panel.hidden,
  compared: [...panel.querySelectorAll("tr[data-name]")].map((row) => row.dataset.name),
  axes: [...panel.querySelectorAll("table")].map((t) => [...t.querySelectorAll(".chance")].map((c) => c.getAttribute("x1"))),
  text: panel.textContent, hash: location.hash, focus: document.activeElement.ariaLabel});
"""  # noqa: E501
CHOOSE = """
const press = (element) => { element.focus(); element.click(); };
const box = (name) => document.querySelector(`input[aria-label="Compare ${name}"]`);
"""


def state_of(index, tmp_path, script="", fragment=""):
    """Return what the page shows after an address and some presses."""
    page = scripted(index, CHOOSE + script + STATE, tmp_path)
    result, _ = browse(page, tmp_path, "--dump-dom", fragment=fragment)
    assert "CONSOLE" not in result.stderr, result.stderr
    return json.loads(html.unescape(titled(result)))


def test_the_index_opens_with_all_runs_no_console_error_and_no_outside_request(index, tmp_path):
    result, net_log = browse(index, tmp_path, "--dump-dom")
    assert "CONSOLE" not in result.stderr, result.stderr  # its policy lets its own script run
    assert "4 of 4 runs</output>" in result.stdout
    assert not {url for url in requested(net_log) if not url.startswith(("file:", "data:"))}


def test_an_address_filters_the_index_and_compares_runs_on_one_axis(index, tmp_path):
    state = state_of(index, tmp_path, fragment="#pipeline=mci&q=AROC&run=mci/demo&run=mci/oasis1")
    assert sorted(state["shown"]) == ["mci/demo", "mci/oasis1"]
    assert state["said"] == "2 of 4 runs"
    assert sorted(state["compared"]) == ["mci/demo", "mci/oasis1"]
    ((first, second),) = state["axes"]
    assert first == second
    assert "neurodecode compare 'reports/mci/" in state["text"]


def test_keys_filter_choose_and_clear_and_the_address_keeps_the_choice(index, tmp_path):
    typed = "const q = document.querySelector('[name=q]'); q.value = 'failed';"
    typed += "q.dispatchEvent(new Event('input', {bubbles: true}));"
    state = state_of(index, tmp_path, typed + "press(box('mci/demo')); press(box('acm/demo'));")
    assert state["shown"] == ["acm/broken"]
    assert sorted(state["compared"]) == ["acm/demo", "mci/demo"]
    assert len(state["axes"]) == 2
    assert "share no axis" in state["text"]
    assert state["hash"] == "#q=failed&run=acm%2Fdemo&run=mci%2Fdemo"

    clear = "press(box('mci/demo')); press(document.querySelector('#comparison button'));"
    state = state_of(index, tmp_path, clear)
    assert not state["open"]
    assert state["focus"] == "Compare mci/demo"


def test_the_index_fits_a_phone(index, tmp_path):
    page = scripted(index, WIDTHS, tmp_path)
    flags = ("--dump-dom", "--window-size=500,900")
    result, _ = browse(page, tmp_path, *flags, fragment="#run=mci/demo&run=mci/oasis1")
    width, window = map(int, titled(result).split())
    assert width <= window
