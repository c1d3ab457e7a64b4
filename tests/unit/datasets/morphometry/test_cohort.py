"""Cohorts: who stays healthy, who converts, who is left out and why; then balance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.morphometry.balance import balance
from neurodecode.datasets.morphometry.cohort import build_cohort
from neurodecode.datasets.morphometry.visits import join_nearest, without_duplicate_scans
from neurodecode.faults import ConfigFault, DataFault

YEAR = 365.25


def person(subject, states, *, scans=(0,), field=3.0, age=70.0):
    """Return yearly visits; ``states`` has 0, 1 or None by year, ``scans`` the years with one."""
    return [
        {"subject": subject, "day": np.ceil(year * YEAR), "impaired": state, "age": age + year,
         "sex": 0, "scan": f"{subject}-{year}" if year in scans else None,
         "field_strength": field if year in scans else None,
         "left_hippocampus_volume": 3600.0 - 10 * year}
        for year, state in enumerate(states)
    ]  # fmt: skip


PEOPLE = {
    "stable": person("stable", [0, 0, 0, 0, 0, 0], scans=(0, 2)),
    "converter": person("converter", [0, 0, 0, 1, 1]),
    "second": person("second", [1, None], field=1.5),
    "late": person("late", [0, 0, 0, 0, 0, 0, 0, 1]),
    "reverter": person("reverter", [0, 1, 0, 0, 0, 0]),
    "short": person("short", [0, 0, 0]),
    "alone": person("alone", [0]),
    "ill": person("ill", [1, 1, 1, 1, 1, 1]),
    "old scanner": person("old scanner", [0, 0, 0, 0, 0, 0], field=1.5),
    "unseen": person("unseen", [0, 0, 0, 0, 0, 0], scans=()),
}


def visits(*names):
    rows = [row for name in names or PEOPLE for row in PEOPLE[name]]
    return pd.DataFrame(rows).astype({"impaired": float, "field_strength": float})


def test_each_person_is_in_the_group_or_left_out_for_the_stated_reason():
    cohort = build_cohort(visits())
    assert cohort.table["group"].to_dict() == {"stable": 0, "converter": 1}
    assert cohort.table.loc["converter", "years_to_impairment"] == pytest.approx(3.0, abs=0.01)
    assert cohort.table.loc["stable", "follow_up"] >= 5
    assert cohort.table["scan"].to_dict() == {"stable": "stable-0", "converter": "converter-0"}
    assert cohort.reasons.to_dict() == {
        "second": "no scan at 3 T",
        "old scanner": "no scan at 3 T",
        "unseen": "no scan",
        "ill": "no scan while healthy",
        "alone": "no diagnosis after the scan",
        "reverter": "impaired, then healthy again",
        "late": "impaired later than 5 years",
        "short": "followed for less than 5 years",
    }


def test_the_flow_adds_up():
    cohort = build_cohort(visits())
    flow = cohort.flow
    assert flow["left"].iloc[0] == len(PEOPLE)
    assert (flow["left"].shift(fill_value=len(PEOPLE)) - flow["dropped"] == flow["left"]).all()
    assert flow["left"].iloc[-1] == len(cohort.table) == cohort.n_stable + cohort.n_converters
    assert flow["dropped"].sum() == len(cohort.reasons)


def test_three_years_instead_of_five_move_people():
    quick = {"quick": person("quick", [0, 1, 1])}
    table = pd.concat([visits("stable", "converter", "short"), pd.DataFrame(quick["quick"])])
    strict = build_cohort(table.astype({"impaired": float}), years=2.0)
    assert strict.table["group"].to_dict() == {"quick": 1, "short": 0, "stable": 0}
    assert strict.reasons.to_dict() == {"converter": "impaired later than 2 years"}
    loose = build_cohort(visits("converter", "short"), minimum_follow_up=2).table["group"]
    assert loose.to_dict() == {"converter": 1, "short": 0}


@pytest.mark.parametrize(("policy", "group"), [("converter", 1), ("stable", 0)])
def test_reverters_go_by_policy(policy, group):
    cohort = build_cohort(visits("stable", "converter", "reverter"), reverters=policy)
    assert cohort.table.loc["reverter", "group"] == group


def test_all_scanners_can_be_taken():
    cohort = build_cohort(visits(), field_strength=None)
    assert cohort.table.loc["old scanner", "group"] == 0
    assert "no scan at" not in " ".join(cohort.flow["step"])


def test_the_earliest_healthy_scan_at_the_field_strength_is_taken():
    early = person("both", [0] * 9, field=1.5)
    late = [{**row, "scan": "both-3T", "field_strength": 3.0} for row in early if row["day"] > 600]
    table = pd.concat([visits("converter"), pd.DataFrame([*early[:2], *late[:1], *early[3:]])])
    cohort = build_cohort(table)
    assert cohort.table.loc["both", "scan"] == "both-3T"
    assert cohort.table.loc["both", "age"] == 72


def test_a_borrowed_diagnosis_is_not_counted_as_a_visit_of_its_own():
    scans = pd.DataFrame({"subject": ["a", "a", "b"], "day": [10, 700, 5000],
                          "scan": ["a1", "a2", "b1"], "field_strength": 3.0})  # fmt: skip
    clinic = pd.DataFrame({"subject": ["a", "a", "b"], "day": [0, 400, 0], "impaired": [0, 1, 0]})
    joined = join_nearest(scans, clinic, ["impaired"])
    by_scan = joined[joined["scan"] != ""].set_index("scan")
    assert by_scan["impaired"].to_dict() == pytest.approx({"a1": 0, "a2": 1, "b1": np.nan},
                                                          nan_ok=True)  # fmt: skip
    assert by_scan.loc["a2", "diagnosis_day"] == 400
    assert len(joined) == 6
    closer = join_nearest(scans, clinic, ["impaired"], most_days=100)
    assert closer.loc[closer["scan"] == "a2", "impaired"].isna().all()
    with pytest.raises(ConfigFault, match="most_days -1"):
        join_nearest(scans, clinic, ["impaired"], most_days=-1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns="impaired").assign(impairment=0), "no column 'impaired'.*'impai"),
        (lambda t: t.drop(columns="field_strength"), "no column 'field_strength'"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "scan 'stable-0': this scan is named twice"),
        (lambda t: t.assign(day=t["day"].mask(t.index == 0)), "a scan without a day"),
        (lambda t: t.assign(impaired=t["impaired"].replace(1.0, 2.0)), "neither 0, 1 nor empty"),
        (lambda t: t.assign(impaired=t["impaired"].mask(t["day"] > 0)), "follow-up unknown"),
        (lambda t: t.assign(group=np.arange(len(t)) % 2), "subject converter is in both groups"),
        (lambda t: t[t["subject"] == "stable"], "no case is left.*1 people"),
        (lambda t: t[t["subject"] != "stable"], "no control is left"),
        (lambda t: t.iloc[:0], "table of visits is empty"),
        (lambda t: t.assign(subject=t["subject"].mask(t.index == 2)), "row 4: no subject"),
        (lambda t: pd.concat([t, t.iloc[[0]].assign(impaired=1.0, scan="")]),
         "stable is both healthy and impaired on day 0"),
    ],
)  # fmt: skip
def test_bad_tables_are_answered_in_one_line(change, words):
    table = change(visits("stable", "converter").reset_index(drop=True))
    with pytest.raises(DataFault, match=words):
        build_cohort(table, where="visits.csv")


def test_what_was_left_out_is_told_where_a_group_is_empty():
    with pytest.raises(DataFault, match=r"no control is left.*less than 5 years: 1"):
        build_cohort(visits("converter", "short"))


@pytest.mark.parametrize(
    ("options", "words"),
    [({"years": 0}, "years 0"), ({"minimum_follow_up": -1}, "minimum_follow_up -1"),
     ({"reverters": "excluded"}, "did you mean 'exclude'")],
)  # fmt: skip
def test_options_out_of_range_are_refused(options, words):
    with pytest.raises(ConfigFault, match=words):
        build_cohort(visits(), **options)


def test_of_a_scan_processed_twice_the_last_row_counts():
    table = pd.concat([visits("stable"), visits("stable").iloc[:1].assign(age=99.0)])
    kept = without_duplicate_scans(table.fillna({"scan": ""}))
    assert len(kept) == 6
    assert 99.0 in kept["age"].to_numpy()
    assert kept.attrs["notes"] == ("1 scans are there twice; the last row of each is kept",)


def people(n_controls=60, n_converters=20, seed=0):
    rng = np.random.default_rng(seed)
    group = np.r_[np.zeros(n_controls, int), np.ones(n_converters, int)]
    age = rng.normal(70, 6, len(group)) + 5 * group
    table = pd.DataFrame({"group": group, "age": age, "sex": rng.integers(0, 2, len(group))})
    return table.rename(index=str).rename_axis("subject")


@pytest.mark.parametrize("how", ["undersample", "match"])
def test_a_balanced_table_has_both_groups_alike_and_is_redrawn(how):
    table = people()
    first, again, other = (balance(table, how=how, random_state=k) for k in (0, 0, 1))
    assert first["group"].value_counts().to_dict() == {0: 20, 1: 20}
    assert first.index.is_unique
    pd.testing.assert_frame_equal(first, again)
    if how == "undersample":
        assert set(first.index) != set(other.index)


def test_matching_brings_the_ages_together_and_keeps_the_sexes():
    table = people()
    gap = table.groupby("group")["age"].mean().diff().iloc[-1]
    matched = balance(table, how="match", random_state=0)
    assert abs(matched.groupby("group")["age"].mean().diff().iloc[-1]) < gap / 2
    shares = matched.groupby("group")["sex"].mean()
    assert shares[0] == shares[1]
    close = balance(table, how="match", caliper_years=0.5, random_state=0)
    assert 0 < len(close) < len(matched)
    assert close["group"].mean() == 0.5


def test_the_larger_group_is_drawn_from_whichever_it_is():
    assert balance(people(10, 30))["group"].value_counts().to_dict() == {0: 10, 1: 10}


def test_balancing_needs_both_groups_and_what_it_matches_by():
    with pytest.raises(DataFault, match="no case is left"):
        balance(people(5, 0))
    with pytest.raises(DataFault, match="no column 'age'"):
        balance(people().drop(columns="age"), how="match")
    with pytest.raises(DataFault, match="subject 3 has no age or no sex"):
        balance(people().assign(age=lambda t: t["age"].mask(t.index == "3")), how="match")
    with pytest.raises(DataFault, match="nobody has a partner within 0 years"):
        balance(people(), how="match", caliper_years=0)
    with pytest.raises(ConfigFault, match="did you mean 'match'"):
        balance(people(), how="matching")
    with pytest.raises(ConfigFault, match="caliper_years -1"):
        balance(people(), how="match", caliper_years=-1)
