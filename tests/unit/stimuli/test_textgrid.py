"""TextGrids survive writing and reading in every form, and damage is named with its line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodecode.faults import DataFault
from neurodecode.stimuli.textgrid import (
    Interval,
    Tier,
    format_textgrid,
    parse_textgrid,
    read_textgrid,
    write_textgrid,
)

LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 1.5
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "words" ! a comment with "quotes" and 12 numbers
        xmin = 0
        xmax = 1.5
        intervals: size = 2
        intervals [1]:
            xmin = 0
            xmax = 0.7
            text = "say ""ah"" now"
        intervals [2]:
            xmin = 0.7
            xmax = 1.5
            text = "two
lines"
    item [2]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 1.5
        points: size = 1
        points [1]:
            number = 0.25
            mark = "!"
"""
SHORT = """File type = "ooTextFile"
Object class = "TextGrid"

0
1.5
<exists>
2
"IntervalTier"
"words"
0
1.5
2
0
0.7
"say ""ah"" now"
0.7
1.5
"two
lines"
"TextTier"
"clicks"
0
1.5
1
0.25
"!"
"""
EXPECTED = [
    ("words", False, [(0, 0.7, 'say "ah" now'), (0.7, 1.5, "two\nlines")]),
    ("clicks", True, [(0.25, 0.25, "!")]),
]


def plain(tiers):
    """Return tiers without the lines they stood on."""
    return [(t.name, t.points, [tuple(entry[:3]) for entry in t.intervals]) for t in tiers]


@pytest.mark.parametrize("text", [LONG, SHORT], ids=["long", "short"])
def test_long_and_short_text_give_the_same_tiers(text):
    assert plain(parse_textgrid(text)) == EXPECTED


def test_line_ends_of_windows_change_no_time():
    words, clicks = parse_textgrid(LONG.replace("\n", "\r\n"))
    assert [entry[:2] for entry in (*words.intervals, *clicks.intervals)] == [
        (0, 0.7),
        (0.7, 1.5),
        (0.25, 0.25),
    ]


def test_entries_know_the_line_they_start_on():
    words, clicks = parse_textgrid(LONG)
    assert [entry.line for entry in words.intervals] == [16, 20]
    assert clicks.intervals[0].line == 31


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
times = st.floats(0, 1e6, allow_subnormal=False)


@st.composite
def tiers(draw):
    points = draw(st.booleans())
    edges = sorted(draw(st.lists(times, min_size=1, max_size=6)))
    ends = edges if points else [*edges[1:], edges[-1] + 1]
    entries = [Interval(start, stop, draw(texts)) for start, stop in zip(edges, ends, strict=True)]
    return Tier(draw(texts), tuple(entries), points)


@given(tiers=st.lists(tiers(), max_size=3), short=st.booleans())
def test_whatever_is_written_is_read_back(tiers, short):
    assert plain(parse_textgrid(format_textgrid(tiers, short=short))) == plain(tiers)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("short", [True, False])
def test_files_in_utf_8_and_utf_16_are_read(tmp_path, encoding, short):
    tiers = (Tier("mots", (Interval(0.0, 0.1 + 0.2, "été 水"), Interval(0.5, 1.0, ""))),)
    write_textgrid(tmp_path / "a.TextGrid", tiers, short=short, encoding=encoding)
    assert plain(read_textgrid(tmp_path / "a.TextGrid")) == plain(tiers)


@given(cut=st.integers(0, len(LONG) - 3))
def test_a_text_cut_short_is_always_a_fault(cut):
    with pytest.raises(DataFault):
        parse_textgrid(LONG[:cut], source="a.TextGrid")


@settings(max_examples=300)
@given(
    position=st.integers(0, len(SHORT)),
    length=st.integers(0, 8),
    inserted=st.text('"0123456789.-<>!e% \nexists', max_size=6),
)
def test_any_edit_gives_tiers_or_a_fault_and_nothing_else(position, length, inserted):
    edited = SHORT[:position] + inserted + SHORT[position + length :]
    places = []
    try:
        assert isinstance(parse_textgrid(edited, source="a.TextGrid"), tuple)
    except DataFault as fault:
        places.append(fault.where)
    assert all("a.TextGrid, line" in place for place in places)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("xmax = 0.7", "xmax = x", r"expected a number \(end of entry 1 of .*line 18"),
        ("xmax = 0.7", "xmax = -1", r"entry 1 of tier 'words' goes back in time.*line 17"),
        ("xmin = 0.7", "xmin = -0.1", r"entry 2 .* goes back in time.*line 21"),
        ("intervals: size = 2", "intervals: size = 2.5", r"2.5, not a whole number.*line 14"),
        ('"TextTier"', '"FormantTier"', r"tier 2 is a 'FormantTier'.*line 25"),
        ('"TextGrid"', '"Pitch 1"', r"a Pitch 1, not a TextGrid.*line 2"),
        ('mark = "!"', 'mark = "!', r"a quoted text does not end.*line 32"),
        ("0.25", "1e999", "not a finite number"),
        ("ooTextFile", "ooBinaryFile", "not a Praat text file"),
    ],
)
def test_faults_name_the_line_and_the_entry(old, new, message):
    with pytest.raises(DataFault, match=message):
        parse_textgrid(LONG.replace(old, new, 1), source="a.TextGrid")


def test_a_missing_file_and_another_encoding_are_named(tmp_path):
    with pytest.raises(DataFault, match="transcript not found"):
        read_textgrid(tmp_path / "a.TextGrid")
    (tmp_path / "b.TextGrid").write_bytes(LONG.replace("say", "d\xe9j\xe0").encode("latin-1"))
    with pytest.raises(DataFault, match=r"neither UTF-8 nor UTF-16.*b.TextGrid, line 18"):
        read_textgrid(tmp_path / "b.TextGrid")


def test_a_grid_without_tiers_is_empty():
    text = 'File type = "ooTextFile"\nObject class = "TextGrid"\n0\n1\n<absent>\n'
    assert parse_textgrid(text) == ()
    assert parse_textgrid(format_textgrid([])) == ()
