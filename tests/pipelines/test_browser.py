"""The report in a real browser: no error, no request, readable on a phone and in the dark."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

BROWSER = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here")


def browse(page, tmp_path, *flags):
    """Open a page headless; return what the browser said, its document, and its requests."""
    log = tmp_path / "net.json"
    result = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-extensions", f"--user-data-dir={tmp_path / 'profile'}",
         "--enable-logging=stderr", f"--log-net-log={log}", *flags, page.as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return result, json.loads(log.read_text())


def requested(net_log):
    """Return the addresses of all requests, but for the browser's own calls to its maker."""
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


def test_the_report_fits_a_phone(finished, tmp_path):
    page = tmp_path / "phone.html"
    script = (
        "<script>addEventListener('load',()=>{document.title="
        "document.documentElement.scrollWidth+' '+innerWidth})</script>"
    )
    text = (finished / "report.html").read_text()
    policy = '<meta http-equiv="Content-Security-Policy"'
    start = text.index(policy)
    text = text[:start] + text[text.index(">", start) + 1 :]
    page.write_text(text.replace("</head>", script + "</head>"))
    result, _ = browse(page, tmp_path, "--dump-dom", "--window-size=500,900")
    width, window = map(int, result.stdout.split("<title>")[1].split("</title>")[0].split())
    assert width <= window
