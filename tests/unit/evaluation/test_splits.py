import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodecode.evaluation import (
    PROTOCOLS,
    Fold,
    Protocol,
    audit_folds,
    cross_run,
    cross_session,
    cross_subject,
    group_folds,
    make_folds,
    register_protocol,
    time_block_index,
    time_blocks,
    within_session,
)
from neurodecode.faults import ConfigFault, DataFault, LeakFault


def _trials(subjects=3, sessions=2, n=20):
    table = pd.MultiIndex.from_product(
        [[f"s{i}" for i in range(subjects)], [str(i) for i in range(sessions)], range(n)],
        names=["subject", "session", "trial"],
    ).to_frame(index=False)
    table["label"] = np.where(table["trial"] % 2 == 0, "left", "right")
    table["run"] = np.where(table["trial"] < n // 2, "1", "2")
    table["onset"] = 4.0 * table["trial"]
    table["sentence"] = (table.index * 7) % 11
    return table.sample(frac=1, random_state=0)  # order and index carry no information


def _tested_once(folds, n):
    return sorted(np.concatenate([fold.test for fold in folds]).tolist()) == list(range(n))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("within_session", {}),
        ("cross_run", {}),
        ("cross_session", {}),
        ("cross_subject", {}),
        ("group_folds", {"unit": "sentence"}),
        ("time_blocks", {"gap": 8.0}),
        ("random_trials", {}),
    ],
)
def test_every_protocol_tests_each_trial_once_and_its_unit_does_not_cross(name, options):
    trials = _trials()
    trials["time_block"] = time_block_index(trials)
    folds = make_folds(name, trials, **options)
    assert _tested_once(folds, len(trials))
    protocol = PROTOCOLS[name]
    rows = audit_folds(folds, trials, protocol.unit or options["unit"])
    crosses = any(row.overlap for row in rows)
    assert crosses == (protocol.leaks is not None)


@given(
    n_splits=st.integers(2, 6),
    left=st.integers(6, 15),
    right=st.integers(6, 15),
    seed=st.integers(0, 99),
)
@settings(max_examples=30, deadline=None)
def test_within_session_folds_are_disjoint_covering_and_stratified(n_splits, left, right, seed):
    trials = pd.DataFrame({"label": ["l"] * left + ["r"] * right, "subject": 1, "session": "a"})
    folds = within_session(trials, n_splits=n_splits, random_state=seed)
    assert len(folds) == n_splits
    assert _tested_once(folds, len(trials))
    for fold in folds:
        assert sorted([*fold.train, *fold.test]) == list(range(len(trials)))
        share = np.sum(trials["label"].to_numpy()[fold.test] == "l")
        assert abs(share - left / n_splits) < 1


@given(units=st.lists(st.integers(0, 12), min_size=8, max_size=60), n_splits=st.integers(2, 4))
@settings(max_examples=40, deadline=None)
def test_group_folds_never_share_a_unit(units, n_splits):
    trials = pd.DataFrame({"clip": units})
    if trials["clip"].nunique() < n_splits:
        with pytest.raises(DataFault, match="units for"):
            group_folds(trials, "clip", n_splits)
        return
    folds = group_folds(trials, "clip", n_splits)
    assert _tested_once(folds, len(trials))
    values = trials["clip"].to_numpy()
    assert not any(set(values[f.train]) & set(values[f.test]) for f in folds)


def test_within_session_trains_and_tests_in_one_session():
    trials = _trials()
    for fold in within_session(trials):
        used = trials.iloc[np.concatenate([fold.train, fold.test])]
        assert used[["subject", "session"]].drop_duplicates().to_numpy().tolist() == [
            [fold.subject, fold.session]
        ]


def test_windows_of_one_trial_stay_together():
    trials = _trials(n=20).loc[lambda t: t.index.repeat(3)]
    rows = audit_folds(within_session(trials), trials, "trial")
    assert all(row.overlap == 0 for row in rows)
    assert {row.n_test for row in rows} == {12}


def test_cross_session_leaves_one_session_of_the_same_subject_out():
    trials = _trials(sessions=3)
    folds = cross_session(trials)
    assert len(folds) == 9
    for fold in folds:
        train, test = trials.iloc[fold.train], trials.iloc[fold.test]
        assert set(train["subject"]) == set(test["subject"]) == {fold.subject}
        assert set(test["session"]) == {fold.session}
        assert len(set(train["session"])) == 2


def test_cross_run_leaves_one_run_of_the_same_session_out():
    trials = _trials()
    for fold in cross_run(trials):
        train, test = trials.iloc[fold.train], trials.iloc[fold.test]
        places = ["subject", "session"]
        assert len(pd.concat([train, test])[places].drop_duplicates()) == 1
        assert set(test["run"]).isdisjoint(train["run"])
        assert len(set(test["run"])) == 1


def test_a_session_of_one_run_is_named_with_what_is_possible():
    with pytest.raises(DataFault, match=r"cross_run needs two runs.*possible.*cross_session"):
        cross_run(_trials().assign(run="1"))


def test_cross_subject_leaves_one_subject_out():
    trials = _trials()
    folds = cross_subject(trials)
    assert [set(trials.iloc[f.test]["subject"]) for f in folds] == [{f.subject} for f in folds]
    assert all(len(f.train) == 80 for f in folds)


def test_same_seed_gives_the_same_folds():
    trials = _trials()
    first, again, other = (within_session(trials, random_state=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a.test, b.test) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a.test, b.test) for a, b in zip(first, other, strict=True))


def test_gap_keeps_training_trials_away_from_the_test_block():
    trials = _trials(subjects=1, sessions=2, n=40)
    for fold in time_blocks(trials, n_splits=4, gap=10.0):
        for session in ("0", "1"):
            here = trials["session"].to_numpy() == session
            times = trials["onset"].to_numpy()
            train = times[[i for i in fold.train if here[i]]]
            test = times[[i for i in fold.test if here[i]]]
            assert np.abs(train[:, None] - test).min() > 10.0
            assert np.ptp(test) == 36.0  # ten trials in a row


def test_blocks_of_a_recording_differ_by_at_most_one_trial():
    trials = _trials(subjects=1, sessions=1, n=23)
    assert sorted(np.bincount(time_block_index(trials, 5))) == [4, 4, 5, 5, 5]


def test_class_missing_in_a_session_names_subject_session_and_counts():
    trials = _trials()
    few = (trials["subject"] == "s1") & (trials["session"] == "0") & (trials["label"] == "left")
    kept = trials[~few | (trials["trial"] < 4)]
    with pytest.raises(DataFault, match=r"left: 2, right: 10.*subject s1, session 0.*fold"):
        within_session(kept)
    with pytest.raises(DataFault, match=r"left: 0, right: 10.*session 0, test part"):
        cross_session(trials[~few])


def test_class_missing_in_training_is_named():
    trials = _trials(subjects=2, sessions=1).sort_index()
    only_here = (trials["subject"] == "s0") | (trials["label"] == "left")
    with pytest.raises(DataFault, match=r"right: 0.*subject s0, training part"):
        cross_subject(trials[only_here])
    assert len(cross_subject(trials[only_here], label=None)) == 2


def test_time_block_without_a_class_is_a_fault():
    trials = _trials(subjects=1, sessions=1)
    trials["label"] = np.where(trials["trial"] < 10, "rest", "move")
    with pytest.raises(DataFault, match="time block 0, test part"):
        time_blocks(trials, n_splits=4, label="label")


def test_one_class_in_the_whole_table_is_a_fault():
    with pytest.raises(DataFault, match="single class, left"):
        within_session(_trials().assign(label="left"))


def test_subject_with_one_session_is_named_with_what_is_possible():
    trials = _trials().sort_index()
    single = trials[~((trials["subject"] == "s2") & (trials["session"] == "1"))]
    with pytest.raises(DataFault) as caught:
        cross_session(single)
    assert caught.value.where == "subject s2"
    assert (
        caught.value.fix
        == (
            "possible here: within_session; cross_run; cross_session with subject s0, s1 only; "
            "cross_subject"
        )
        or "cross_session with subject s1, s0 only" in caught.value.fix
    )
    with pytest.raises(DataFault, match=r"possible here: within_session; cross_run$"):
        cross_session(_trials(subjects=1, sessions=1))


def test_single_subject_is_named_with_what_is_possible():
    with pytest.raises(DataFault, match=r"subject s0.*within_session; cross_run; cross_session$"):
        cross_subject(_trials(subjects=1))
    with pytest.raises(DataFault, match="another unit"):
        cross_subject(_trials(subjects=1).drop(columns="session"))


def test_missing_column_unknown_protocol_and_short_recording_are_clear():
    with pytest.raises(DataFault, match="no column session"):
        cross_session(_trials().drop(columns="session"))
    with pytest.raises(ConfigFault, match="did you mean 'cross_session'"):
        make_folds("crosssession", _trials())
    with pytest.raises(DataFault, match="3 trials for 5 time blocks"):
        time_blocks(_trials(n=3))
    with pytest.raises(DataFault, match="empty"):
        cross_subject(_trials().iloc[:0])
    with pytest.raises(DataFault, match="0 training"):
        time_blocks(_trials(), gap=1e6)


def test_fold_that_trains_on_its_test_trials_cannot_be_built():
    with pytest.raises(LeakFault, match="same trial"):
        Fold(np.array([0, 1]), np.array([1, 2]), "fold 0")


def test_protocols_can_be_added_but_not_replaced():
    with pytest.raises(ConfigFault, match="already registered"):
        register_protocol(Protocol("cross_session", "session", cross_subject))
    assert register_protocol(PROTOCOLS["cross_session"]).make is cross_session
