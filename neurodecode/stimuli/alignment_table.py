"""Words and their times from comma- or tab-separated tables."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from neurodecode.faults import DataFault, nearest
from neurodecode.stimuli.sentences import SILENCES, SpokenWord
from neurodecode.stimuli.textgrid import read_text

if TYPE_CHECKING:
    from pathlib import Path

_ALIASES = {
    "word": ("word", "text", "token"),
    "onset": ("onset", "start", "begin", "xmin"),
    "duration": ("duration", "length"),
    "stop": ("end", "stop", "offset", "xmax"),
    "sentence": ("sentence",),
    "group": ("sentence_index", "sentence_id", "sequence_id"),
    "kind": ("kind", "type"),
}


def words_of_table(path: Path, kind: str) -> list[SpokenWord]:
    """Read the rows of one kind; see :func:`~neurodecode.stimuli.transcripts.read_words`."""
    text = read_text(path)
    header = text.partition("\n")[0]
    separator = max("\t;,", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows = []
    try:
        columns = _find_columns(path, list(reader.fieldnames or []), kind)
        for entry in reader:
            row = _table_row(path, entry, columns, reader.line_num, kind)
            if row is not None:
                rows.append(row)
    except csv.Error as error:
        raise DataFault(
            f"not a whole table: {error}", where=f"{path}, line {reader.line_num}"
        ) from error
    return rows


def _find_columns(path: Path, names: list[str], kind: str) -> dict[str, str]:
    """Return the table's name of each column we know."""
    lowered = {name.strip().lower(): name for name in names}
    aliases = {**_ALIASES, "word": tuple(dict.fromkeys((kind.lower(), *_ALIASES["word"])))}
    found = {
        column: next((lowered[alias] for alias in accepted if alias in lowered), "")
        for column, accepted in aliases.items()
    }
    needed = {"word": aliases["word"], "onset": aliases["onset"]}
    needed["duration"] = (*aliases["duration"], *aliases["stop"])
    if kind != "word":
        needed["kind"] = aliases["kind"]
    for column, accepted in needed.items():
        if not any(alias in lowered for alias in accepted):
            guess = nearest(column, names)
            shown = ", ".join(names) or "none"
            raise DataFault(
                f"no column {' or '.join(accepted)}",
                where=f"{path}, line 1",
                fix=f"rename '{guess}'?" if guess else f"its columns are: {shown}",
            )
    return {column: name for column, name in found.items() if name}


def _table_row(
    path: Path, entry: dict[str, str | None], columns: dict[str, str], line: int, kind: str
) -> SpokenWord | None:
    def cell(column: str) -> str:
        return (entry.get(columns[column]) or "").strip()

    def seconds(column: str) -> float:
        try:
            return float(cell(column))
        except ValueError:
            what = f"{columns[column]} is {cell(column)!r}, not a number of seconds"
            raise DataFault(what, where=f"{path}, line {line}") from None

    if "kind" in columns and cell("kind").lower() != kind.lower():
        return None
    word = cell("word")
    if word.lower() in SILENCES:
        return None
    onset = seconds("onset")
    duration = seconds("duration") if "duration" in columns else seconds("stop") - onset
    sentence = cell("sentence") if "sentence" in columns else None
    group = cell("group") if "group" in columns else None
    return SpokenWord(word, onset, duration, line, word, sentence, group)
