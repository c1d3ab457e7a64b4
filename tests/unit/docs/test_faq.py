"""The questions by error message: messages of the program, and every fault of the matrix."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
TEXT = (REPOSITORY / "docs" / "faq.md").read_text(encoding="utf-8")
NO_FAULT = ("Names and settings", "Decoders elsewhere")
"""Sections about what was typed or asked for: nothing is wrong with data, disk, network or code."""
FURTHER = {
    "not the published file: …",
    "image and mask are on different grids: …",
    "… of … people have no diagnosis",
    "… … in both training and test: …",
}
"""Entries about data that answer no fault of the matrix."""


def said_by_faults():
    """Return what faults of the library can say, with ``…`` for what varies."""
    said = set()
    for path in (REPOSITORY / "neurodecode").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (p.value if isinstance(p, ast.Constant) else "…" for p in node.values)
                said.add("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                said.add(node.value)
    return {re.sub(r"(… ?)+", "… ", text).strip() for text in said}


def test_every_message_of_the_questions_is_one_that_the_program_gives():
    headings = re.findall(r"^### `(.*)`$", TEXT, flags=re.M)
    said = said_by_faults()
    plain = [re.sub(r"(… ?)+", "… ", heading).strip() for heading in headings]
    assert len(plain) > 30
    assert [heading for heading in plain if heading not in said] == []


def entries():
    """Return the section, heading and text of every entry."""
    found = []
    for part in re.split(r"^## ", TEXT, flags=re.M)[1:]:
        section, *rest = re.split(r"^### ", part, flags=re.M)
        for entry in rest:
            heading, _, text = entry.partition("\n")
            found.append((section.partition("\n")[0], heading, text))
    return found


def test_every_fault_of_the_matrix_has_an_entry_and_no_entry_another(hook):
    rows = hook.fault_rows()
    named = {int(row) for row in re.findall(r"^<!-- fault: (\d+) -->$", TEXT, flags=re.M)}
    assert named == set(rows)
    assert [row for row, headings in hook.fault_entries().items() if not headings] == []


def test_every_entry_about_data_disk_network_or_code_names_its_fault():
    silent = {heading.strip("`") for section, heading, text in entries()
              if "<!-- fault: " not in text and section not in NO_FAULT}  # fmt: skip
    assert silent == FURTHER


def test_every_entry_says_what_to_do_in_its_own_words():
    short = [heading for _, heading, text in entries()
             if len(re.sub(r"<!--.*?-->", "", text).split()) < 8]  # fmt: skip
    assert short == []


def test_no_entry_stands_twice():
    headings = [heading for _, heading, _ in entries()]
    assert len(headings) == len(set(headings))


def test_the_table_of_faults_names_every_pipeline_of_the_matrix_and_links_its_entries(hook):
    lines = hook.faults().splitlines()[2:]
    rows = hook.fault_rows()
    assert len(lines) == len(rows)
    for line, (fault, pipelines) in zip(lines, rows.values(), strict=True):
        assert line.startswith(f"| {fault} | {', '.join(pipelines)} | [`")
    assert "(#error-page-not-data)" in lines[9]


def test_an_entry_of_a_fault_that_is_not_in_the_matrix_stops_the_build(hook):
    with pytest.raises(KeyError):
        hook.on_page_markdown("<!-- fault: 99 -->")
