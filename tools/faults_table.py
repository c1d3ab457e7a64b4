"""Print what a user sees of each fault, as a Markdown table, by running the tests of the cells.

``python tools/faults_table.py`` runs all of them; ``-k WORDS`` and other options go to pytest.
"""

from __future__ import annotations

import importlib.util
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parents[1] / "tests" / "faults"


class Cells:
    """A pytest plugin that notes which test answers which cell, and the line it saw.

    Attributes
    ----------
    tests : dict
        Names of the tests by cell, (row, pipeline).
    lines : dict
        The line of the first passed test that saw one, by cell.
    """

    def __init__(self) -> None:
        self.tests: dict[tuple[int, str], list[str]] = defaultdict(list)
        self.lines: dict[tuple[int, str], str] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note the marks, and leave the other tests out."""
        for item in items:
            for mark in item.iter_markers("fault"):
                if len(mark.args) == 2:
                    self.tests[mark.args].append(item.nodeid)
        known = {name for names in self.tests.values() for name in names}
        items[:] = [item for item in items if item.nodeid in known]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the line of a test that passed: the one it shows, else the last fault raised."""
        if report.when != "call" or not report.passed:
            return
        found = dict(report.user_properties)  # the last of each name
        line = found.get("seen", found.get("raised"))
        for cell, names in self.tests.items():
            if report.nodeid in names and line is not None:
                self.lines.setdefault(cell, str(line))


def collect(*options: str) -> Cells:
    """Run pytest on the fault tests and return the cells."""
    cells = Cells()
    pytest.main([str(HERE), "-q", "-p", "no:cacheprovider", *options], plugins=[cells])
    return cells


def table(cells: Cells, rows: dict[int, Any]) -> str:
    """Return the table: row, fault, pipeline, what the user sees."""
    lines = ["| row | fault | pipeline | what the user sees |", "| --- | --- | --- | --- |"]
    for row, (fault, pipelines) in rows.items():
        for pipeline in pipelines:
            seen = cells.lines.get((row, pipeline), "")
            said = seen.removeprefix("error: ").replace("|", "\\|")
            lines.append(f"| {row} | {fault} | {pipeline} | {said} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    spec = importlib.util.spec_from_file_location("matrix", HERE / "matrix.py")
    assert spec is not None
    assert spec.loader is not None
    matrix = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(matrix)
    print(table(collect(*sys.argv[1:]), matrix.ROWS))


if __name__ == "__main__":
    main()
