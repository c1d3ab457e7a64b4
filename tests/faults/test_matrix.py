"""Every cell of the matrix of faults and pipelines has a test, and no test a cell outside it."""

from __future__ import annotations

import ast
from pathlib import Path

HERE = Path(__file__).parent


def marked(rows):
    """Return the cells that the marks in this folder's files name."""
    found = set()
    for path in HERE.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.fault":
                row, *pipeline = map(ast.literal_eval, node.args)
                found |= {(row, each) for each in pipeline or rows[row][1]}
    return found


def test_every_cell_is_answered_by_a_test_and_every_answer_is_a_cell(matrix):
    answered = marked(matrix.ROWS)
    assert sorted(matrix.cells() - answered) == []
    assert sorted(answered - matrix.cells()) == []
