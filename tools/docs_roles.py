"""Docstrings for the documentation: what is marked up for Sphinx, in Markdown."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import Any

import griffe

ROLE = re.compile(r":(?:class|func|meth|data|mod|attr|math):`~?([^`]+)`")
MATH = re.compile(r"^( *)\.\. math::[ ]*(.*(?:\n(?:\1 +\S.*| *$))*)", flags=re.MULTILINE)


class Roles(griffe.Extension):
    """Turn roles and displayed formulas into code, so that no script is needed to show them."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of one object."""
        if obj.docstring is not None:
            obj.docstring.value = to_markdown(obj.docstring.value)


def to_markdown(text: str) -> str:
    """Return a docstring with roles and formulas as Markdown code."""
    return ROLE.sub(r"`\1`", MATH.sub(_formula, text))


def _formula(found: re.Match[str]) -> str:
    indent, first = found[1], found[2].split("\n")[0]
    rest = dedent("\n".join(found[2].split("\n")[1:]))
    lines = [line for line in [first, *rest.split("\n")] if line.strip()]
    return "\n".join(f"{indent}{line}" for line in ["```latex", *lines, "```", ""])
