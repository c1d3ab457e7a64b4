"""YAML is read as its author means it, and can build no object."""

from __future__ import annotations

import math

import pytest

from neurodecode.config import parse_yaml, read_yaml
from neurodecode.faults import ConfigFault


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 100000.0),
        ("-.5", -0.5),
        ("2.", 2.0),
        ("12", 12),
        ("-3", -3),
        ("true", True),
        ("null", None),
        ("~", None),
        ("", None),
        (".inf", math.inf),
    ],
)
def test_numbers_and_words_are_read_by_the_core_rules(text, value):
    found = parse_yaml(f"key: {text}")["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["no", "yes", "on", "Off", "01", "007", "1:30", "0o17", "1_000"])
def test_what_yaml_1_1_would_turn_into_something_else_stays_text(text):
    assert parse_yaml(f"key: {text}") == {"key": text}


def test_a_key_that_stands_twice_is_refused_with_file_and_line(tmp_path):
    path = tmp_path / "twice.yaml"
    path.write_text("seed: 1\nmodel:\n  order: 2\n  order: 3\n")
    with pytest.raises(ConfigFault, match=r"key 'order' stands twice \[.*twice\.yaml, line 4\]"):
        read_yaml(path)


@pytest.mark.parametrize(
    "text",
    [
        "key: !!python/object/apply:os.system ['true']",
        "key: !!python/name:os.system",
        "key: !mine {a: 1}",
    ],
)
def test_a_tag_that_would_build_an_object_is_refused_with_its_line(text):
    with pytest.raises(ConfigFault, match=r"could not determine a constructor.*line 1"):
        parse_yaml(text, source="evil.yaml")


@pytest.mark.parametrize("text", ["key: [1, 2", "? [1, 2]\n: value", "a: b: c", "\t- x"])
def test_what_is_not_plain_yaml_is_one_fault_with_the_file(text):
    with pytest.raises(ConfigFault, match=r"not plain YAML.*broken\.yaml"):
        parse_yaml(text, source="broken.yaml")


def test_a_file_that_is_absent_not_text_or_not_a_mapping_is_named(tmp_path):
    (tmp_path / "list.yaml").write_text("- 1\n")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    for name, words in (
        ("absent.yaml", "file not found"),
        ("list.yaml", "expected 'key: value' lines"),
        ("binary.yaml", "not a text file"),
    ):
        with pytest.raises(ConfigFault, match=f"{words}.*{name}"):
            read_yaml(tmp_path / name)
