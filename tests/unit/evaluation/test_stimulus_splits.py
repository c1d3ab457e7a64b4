"""Stimuli of several subjects: what tests anybody trained nobody, and the audit can tell."""

from __future__ import annotations

import pandas as pd
import pytest

from neurodecode.evaluation import (
    STIMULUS_PROTOCOLS,
    assert_no_leak,
    audit_stimuli,
    split_stimuli,
)
from neurodecode.evaluation.stimulus_splits import CONTENT, DISJOINT
from neurodecode.faults import ConfigFault, DataFault, LeakFault


def person(name, seen, *, n_runs=5, part=""):
    """Return the trials of one subject: ``seen`` maps stimuli to repetitions."""
    rows = [
        (name, stimulus, f"{stimulus}.png", repetition, part)
        for stimulus, times in seen.items()
        for repetition in range(1, times + 1)
    ]
    columns = ["participant", "stimulus", "image", "repetition", "part"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(run=[str(place % n_runs) for place in range(len(table))])


def study(people=3, common=40, shared=6, times=3):
    """Return subjects who saw the same stimuli once, and a few repeatedly."""
    seen = {f"c{k}": 1 for k in range(common)} | {f"t{k}": times for k in range(shared)}
    return pd.concat([person(str(name), seen) for name in range(people)], ignore_index=True)


def nsd(people=4):
    """Return the published form: own training stimuli, common test stimuli."""
    parts = []
    for name in range(people):
        parts.append(person(str(name), {f"p{name}-{k}": 3 for k in range(30)}, part="train"))
        parts.append(person(str(name), {f"t{k}": 3 for k in range(10)}, part="test"))
    return pd.concat(parts, ignore_index=True)


def runs(people=2, n_runs=12):
    """Return the form of Haxby's: every category in every run."""
    return pd.concat(
        [
            person(str(name), {f"k{k}": n_runs for k in range(8)}).assign(
                run=lambda t: (t["repetition"] - 1).astype(str)
            )
            for name in range(people)
        ],
        ignore_index=True,
    )


def table_for(protocol):
    return {"published": nsd, "leave_runs_out": runs}.get(protocol, study)()


def stimuli(done, *parts, participant=None):
    chosen = done[done["part"].isin(parts)]
    if participant is not None:
        chosen = chosen[chosen["participant"] == participant]
    return set(chosen["stimulus"])


@pytest.mark.parametrize("name", STIMULUS_PROTOCOLS)
def test_every_protocol_keeps_its_promise(name):
    done = split_stimuli(table_for(name), name)
    assert set(done["part"]) >= {"train", "valid", "test"}
    rows = audit_stimuli(done, name)
    assert not any(row.overlap for row in rows)
    assert_no_leak(rows)
    assert {row.split for row in rows} == {name}
    assert any(row.fold.startswith("all subjects") for row in rows)
    assert any(row.fold.startswith("subject 1") for row in rows)
    assert STIMULUS_PROTOCOLS[name].description


@pytest.mark.parametrize("name", STIMULUS_PROTOCOLS)
def test_order_of_the_rows_changes_nothing_and_the_seed_something(name):
    table = table_for(name)
    done = split_stimuli(table, name)
    shuffled = split_stimuli(table.sample(frac=1, random_state=3), name).sort_index()
    pd.testing.assert_frame_equal(shuffled, done)
    assert not split_stimuli(table, name, seed=1)["part"].equals(done["part"])


def test_published_parts_stay_and_validation_is_drawn_where_there_is_none():
    table = nsd()
    done = split_stimuli(table, "published", valid=0.2)
    assert done["published"].equals(table["part"])
    assert (done["part"] == "test").equals(table["part"] == "test")
    for name in table["participant"].unique():
        assert len(stimuli(done, "valid", participant=name)) == 6
    own = table.copy()
    own.loc[own["stimulus"] == "p0-3", "part"] = "valid"
    assert stimuli(split_stimuli(own, "published"), "valid") == {"p0-3"}


def test_a_stimulus_that_tests_anybody_trains_nobody():
    table = nsd(2)
    table.loc[(table["participant"] == "1") & (table["stimulus"] == "t4"), "part"] = "train"
    done = split_stimuli(table, "published")
    assert "t4" not in stimuli(done, "train", "valid")
    leaking = done.assign(part=done["part"].where(done["participant"] == "0", table["part"]))
    with pytest.raises(LeakFault, match=r"1 stimulus in both training and test: t4"):
        assert_no_leak(audit_stimuli(leaking, "published"))
    mine = [row for row in audit_stimuli(leaking, "published") if row.fold.startswith("subject")]
    assert not any(row.overlap for row in mine)  # only across subjects does it show


def test_shared_repeated_stimuli_test_and_everybody_trains_on_stimuli_of_their_own():
    done = split_stimuli(study(), "shared_test")
    assert stimuli(done, "test") == {f"t{k}" for k in range(6)}
    own = [stimuli(done, "train", "valid", participant=str(name)) for name in range(3)]
    assert not own[0] & own[1]
    assert not own[0] & own[2]
    assert not own[1] & own[2]
    assert sorted(map(len, own)) == [13, 13, 14]
    assert set.union(*own) == {f"c{k}" for k in range(40)}


def test_those_who_saw_less_are_not_left_with_nothing():
    seen = {f"c{k}": 1 for k in range(30)}
    tests = {"t1": 2, "t2": 2}
    few = dict.fromkeys(list(seen)[:6], 1)
    table = pd.concat([person("a", seen | tests), person("b", few | tests)], ignore_index=True)
    done = split_stimuli(table, "shared_test", valid=0.0)
    assert len(stimuli(done, "train", participant="b")) >= 3
    assert len(stimuli(done, "train", participant="a")) >= 24


def test_sharing_of_training_stimuli_can_be_allowed_and_is_counted():
    done = split_stimuli(study(), "shared_test", disjoint=False)
    assert stimuli(done, "train", participant="0") == stimuli(done, "train", participant="1")
    assert_no_leak(audit_stimuli(done, "shared_test", disjoint=False))
    (row,) = [row for row in audit_stimuli(done, "shared_test") if row.unit == DISJOINT]
    assert row.overlap == 40
    apart = split_stimuli(study(), "unseen_stimuli", disjoint=True)
    assert_no_leak(audit_stimuli(apart, "unseen_stimuli", disjoint=True))


def test_where_everything_is_shared_and_repeated_a_share_tests():
    done = split_stimuli(study(common=0, shared=40), "shared_test", test=0.25)
    assert len(stimuli(done, "test")) == 10
    with pytest.raises(DataFault, match="no stimulus was seen at least twice by all 3 subjects"):
        split_stimuli(study(shared=0), "shared_test")


def test_publishers_test_is_taken_before_repetitions():
    table = nsd(2)
    done = split_stimuli(table, "shared_test")
    assert stimuli(done, "test") == {f"t{k}" for k in range(10)}


def test_runs_are_left_out_whole_and_folds_test_each_once():
    table = runs(n_runs=12)
    tested = []
    for fold in range(12):
        done = split_stimuli(table, "leave_runs_out", test=1 / 12, valid=0.1, fold=fold)
        for name in ("0", "1"):
            mine = done[done["participant"] == name]
            parts = mine.groupby("run")["part"].agg(set)
            assert (parts.map(len) == 1).all()
            assert mine.groupby("part")["run"].nunique().to_dict() == {
                "test": 1, "train": 10, "valid": 1,
            }  # fmt: skip
        first = done[(done["participant"] == "0") & (done["part"] == "test")]
        tested += first["run"].unique().tolist()
    assert sorted(tested) == sorted(table["run"].unique())
    with pytest.raises(ConfigFault, match="fold 12 of leave_runs_out -> give 0 to 11"):
        split_stimuli(table, "leave_runs_out", test=1 / 12, fold=12)


def test_a_run_in_two_parts_is_seen_by_the_audit():
    done = split_stimuli(runs(), "leave_runs_out")
    row = done.index[done["part"] == "test"][0]
    done.loc[row, "part"] = "train"
    with pytest.raises(LeakFault, match="1 run in both training and test: participant 0, run"):
        assert_no_leak(audit_stimuli(done, "leave_runs_out"))


def test_untrained_stimuli_do_not_test_in_unseen_runs():
    extra = person("0", {"once": 1}).assign(run="0")
    table = pd.concat([runs(people=1), extra], ignore_index=True)
    for fold in range(10):
        done = split_stimuli(table, "leave_runs_out", fold=fold)
        assert set(done.loc[done["stimulus"] == "once", "part"]) <= {"train", ""}


def test_one_picture_under_two_names_is_one_stimulus():
    table = pd.concat(
        [person("a", {"x1": 1, "x2": 1, "t": 2, "u": 2}), person("b", {"copy": 1, "y": 1, "t": 2,
                                                                       "u": 2})],
        ignore_index=True,
    )  # fmt: skip
    contents = {f"{name}.png": name for name in ("x1", "x2", "t", "u", "y")} | {"copy.png": "t"}
    done = split_stimuli(table, "shared_test", valid=0.0, contents=contents)
    assert stimuli(done, "test") == {"t", "u", "copy"}
    blind = split_stimuli(table, "shared_test", valid=0.0)
    assert_no_leak(audit_stimuli(blind, "shared_test"))
    with pytest.raises(LeakFault, match=CONTENT):
        assert_no_leak(audit_stimuli(blind, "shared_test", contents=contents))


def test_a_subject_without_test_or_training_is_named():
    table = pd.concat([nsd(2), person("late", {"q": 3}, part="train")], ignore_index=True)
    told = r"subject late has no test stimulus \[split published\] -> .*shared_test"
    with pytest.raises(DataFault, match=told):
        split_stimuli(table, "published")
    table = pd.concat([nsd(2), person("late", {"t1": 3}, part="test")], ignore_index=True)
    with pytest.raises(DataFault, match="subject late has no training stimulus"):
        split_stimuli(table, "published")
    with pytest.raises(DataFault, match=r"subject 0 has 3 runs, 10 are needed.*test to 1/3"):
        split_stimuli(runs(n_runs=3), "leave_runs_out")


def test_wrong_settings_are_named():
    with pytest.raises(ConfigFault, match="did you mean 'shared_test'"):
        split_stimuli(study(), "shared_tests")
    with pytest.raises(ConfigFault, match="valid is 1"):
        split_stimuli(study(), valid=1.0)
    with pytest.raises(ConfigFault, match="set disjoint to false"):
        split_stimuli(runs(), "leave_runs_out", disjoint=True)
    with pytest.raises(DataFault, match="no column run"):
        split_stimuli(study().drop(columns="run"))
