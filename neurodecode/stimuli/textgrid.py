"""Praat TextGrid files, long and short, read as literals and written."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from neurodecode.artefacts import atomic_path
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TOKEN = re.compile(
    r'"(?P<text>(?:[^"]|"")*)"|(?P<flag><exists>|<absent>)|(?P<bare>[^\s"]+)|(?P<open>")'
)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?%?")
_KINDS = ("IntervalTier", "TextTier")


class Interval(NamedTuple):
    """A labelled stretch in seconds; a point has ``start == stop``; ``line`` is where it stood."""

    start: float
    stop: float
    text: str
    line: int = 0


@dataclass(frozen=True)
class Tier:
    """A tier: its name, its intervals or points, and which of the two they are."""

    name: str
    intervals: tuple[Interval, ...]
    points: bool = False


class _Token(NamedTuple):
    kind: Literal["text", "number", "flag"]
    value: str
    line: int


class _Reader:
    """Tokens in turn; whatever is not what the format asks for is a fault with its line."""

    def __init__(self, text: str, source: str) -> None:
        self.source, self.line = source, 1
        self._tokens = _tokens(text, source)

    def take(self, kind: str, what: str) -> str:
        token = next(self._tokens, None)
        if token is None:
            raise self.fault(f"TextGrid ends before {what}", "export it again")
        self.line = token.line
        if token.kind != kind:
            raise self.fault(f"expected a {kind} ({what}), found {token.value[:40]!r}")
        return token.value

    def number(self, what: str) -> float:
        value = float(self.take("number", what).rstrip("%"))
        if not math.isfinite(value):
            raise self.fault(f"{what} is not a finite number")
        return value

    def count(self, what: str) -> int:
        value = self.number(what)
        if value < 0 or value != int(value):
            raise self.fault(f"{what} is {value:g}, not a whole number")
        return int(value)

    def fault(self, what: str, fix: str = "") -> DataFault:
        return DataFault(what, where=f"{self.source}, line {self.line}", fix=fix)


def read_textgrid(path: Path | str) -> tuple[Tier, ...]:
    """Read a TextGrid, long or short text format, in UTF-8 or UTF-16.

    As Praat does, only free-standing numbers, quoted texts and flags are read; all else in the
    file (``xmin =``, ``intervals [3]:``) and what follows ``!`` on a line is comment.

    Raises
    ------
    DataFault
        With file and line, if the file is missing, in another encoding or format, incomplete, or
        an interval ends before it starts or starts before the one above it.
    """
    source = str(path)
    return parse_textgrid(read_text(path), source=source)


def read_text(path: Path | str) -> str:
    """Read a text file in UTF-8, or in UTF-16 with a byte-order mark.

    Raises
    ------
    DataFault
        If the file is missing or in another encoding.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise DataFault("transcript not found", where=str(path)) from error
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return content.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataFault(
            "text is neither UTF-8 nor UTF-16",
            where=f"{path}, line {line}",
            fix="save it as UTF-8",
        ) from error


def parse_textgrid(text: str, *, source: str = "") -> tuple[Tier, ...]:
    """Read the tiers of a TextGrid from its text; see :func:`read_textgrid`."""
    reader = _Reader(text, source)
    if reader.take("text", "file type") not in ("ooTextFile", "ooTextFile short"):
        raise reader.fault("not a Praat text file", "export it from Praat as a text file")
    if (kind := reader.take("text", "object class")) != "TextGrid":
        raise reader.fault(f"a {kind[:40]}, not a TextGrid")
    for what in ("start of the TextGrid", "end of the TextGrid"):
        reader.number(what)
    if reader.take("flag", "<exists>") == "<absent>":
        return ()
    n_tiers = reader.count("number of tiers")
    return tuple(_read_tier(reader, number) for number in range(1, n_tiers + 1))


def write_textgrid(
    path: Path | str, tiers: Sequence[Tier], *, short: bool = False, encoding: str = "utf-8"
) -> None:
    """Write tiers as a TextGrid, atomically.

    Parameters
    ----------
    tiers : sequence of Tier
        The grid spans from 0, or an earlier start, to the latest end.
    short : bool, default=False
        Values only, one per line.
    encoding : {"utf-8", "utf-16"}, default="utf-8"
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(format_textgrid(tiers, short=short).encode(encoding))


def format_textgrid(tiers: Sequence[Tier], *, short: bool = False) -> str:
    """Return the text of a TextGrid; see :func:`write_textgrid`."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', ""]
    ends = [edge for tier in tiers for entry in tier.intervals for edge in entry[:2]]
    span = [("xmin", repr(min([0.0, *ends]))), ("xmax", repr(max([0.0, *ends])))]
    rows: list[tuple[int, str, str]] = [(0, *row) for row in span]
    rows += [(0, "tiers?", "<exists>"), (0, "size", str(len(tiers)))]
    for number, tier in enumerate(tiers, 1):
        rows += [(1, f"item [{number}]:", ""), (2, "class", _quoted(_KINDS[tier.points]))]
        rows += [(2, "name", _quoted(tier.name)), *((2, *row) for row in span)]
        entry_name = "points" if tier.points else "intervals"
        rows.append((2, f"{entry_name}: size", str(len(tier.intervals))))
        for index, entry in enumerate(tier.intervals, 1):
            rows += [(2, f"{entry_name} [{index}]:", ""), (3, "xmin", repr(entry.start))]
            rows += [] if tier.points else [(3, "xmax", repr(entry.stop))]
            rows.append((3, "text", _quoted(entry.text)))
    if short:
        lines += [value for _, _, value in rows if value]
    else:
        lines += ["    " * depth + _keyed(key, value) for depth, key, value in rows]
    return "\n".join(lines) + "\n"


def _keyed(key: str, value: str) -> str:
    if key.endswith("?"):
        return f"{key} {value}"
    return f"{key} = {value}" if value else key


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _tokens(text: str, source: str) -> Iterator[_Token]:
    line, position = 1, 0
    while (match := _TOKEN.search(text, position)) is not None:
        line += text.count("\n", position, match.start())
        kind, end = match.lastgroup, match.end()
        if kind == "open":
            raise DataFault("a quoted text does not end", where=f"{source}, line {line}")
        if kind == "text":
            yield _Token("text", match["text"].replace('""', '"'), line)
        elif kind == "flag":
            yield _Token("flag", match[0], line)
        elif match[0].startswith("!"):
            newline = text.find("\n", match.start())
            end = len(text) if newline < 0 else newline
        elif _NUMBER.fullmatch(match[0]):
            yield _Token("number", match[0], line)
        line += text.count("\n", match.start(), end)
        position = end


def _read_tier(reader: _Reader, number: int) -> Tier:
    kind = reader.take("text", f"class of tier {number}")
    if kind not in _KINDS:
        raise reader.fault(f"tier {number} is a {kind[:40]!r}, not an IntervalTier or TextTier")
    name = reader.take("text", f"name of tier {number}")
    for what in ("start", "end"):
        reader.number(f"{what} of tier '{name}'")
    count = reader.count(f"number of entries of tier '{name}'")
    points = kind == "TextTier"
    entries: list[Interval] = []
    for index in range(1, count + 1):
        what = f"entry {index} of tier '{name}'"
        start = reader.number(f"start of {what}")
        line = reader.line
        stop = start if points else reader.number(f"end of {what}")
        if stop < start or (entries and start < entries[-1].start):
            raise reader.fault(f"{what} goes back in time, {start:g} s to {stop:g} s")
        entries.append(Interval(start, stop, reader.take("text", f"text of {what}"), line))
    return Tier(name, tuple(entries), points)
