"""Seen pictures: what tests was not trained on, for everybody alike, and the audit can tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.evaluation import (
    PICTURE_PROTOCOLS,
    assert_no_leak,
    audit_pictures,
    split_pictures,
)
from neurodecode.faults import ConfigFault, DataFault, LeakFault


def presentations(
    people=2, recordings=3, categories=8, per_category=4, times=1, published=None, soa=2.0
):
    """Return a table in which everybody sees every picture ``times`` times in each recording."""
    rows = []
    for person in range(people):
        for recording in range(recordings):
            images = [
                (f"c{c}/p{p}.jpg", f"c{c}") for c in range(categories) for p in range(per_category)
            ] * times
            order = np.random.default_rng([person, recording]).permutation(len(images))
            for place, k in enumerate(order):
                image, category = images[k]
                part = published.get(image, "train") if published else ""
                rows.append((str(person), f"r{recording}", soa * place, image, category, part))
    columns = ["participant", "recording", "onset", "image", "category", "part"]
    return pd.DataFrame(rows, columns=columns)


def things_meg(person):
    """Return one participant of THINGS-MEG: 22,248 pictures once, 200 others 12 times."""
    categories = [f"c{c:04d}" for c in range(1854)]
    train = [(f"{name}/{p:02d}.jpg", name, "train") for name in categories for p in range(12)]
    test = [(f"{name}/test.jpg", name, "test") for name in categories[:1800:9]] * 12
    table = pd.DataFrame(train + test, columns=["image", "category", "part"])
    table = table.sample(frac=1, random_state=person).reset_index(drop=True)
    return table.assign(
        participant=str(person), recording=table.index // 226, onset=1.5 * (table.index % 226)
    )


def images_of(table, **where):
    for column, value in where.items():
        table = table[table[column].isin([value] if isinstance(value, str) else value)]
    return set(table["image"])


def test_things_meg_gives_the_published_counts():
    table = pd.concat([things_meg(person) for person in range(4)], ignore_index=True)
    done = split_pictures(table)
    per_person = pd.crosstab(done["participant"], done["part"])
    assert (per_person["train"] + per_person["valid"] == 19_848).all()
    assert done["part"].isin(["train", "valid"]).sum() == 79_392
    assert (per_person["valid"] == round(0.2 * 19_848)).all()
    small, large = done[done["test_set"] == "small"], done[done["test_set"] == "large"]
    assert small["image"].nunique() == small["category"].nunique() == 200
    assert (small.groupby("participant").size() == 2_400).all()
    assert large["image"].nunique() == 2_400
    assert (large.groupby("participant").size() == 2_400).all()
    assert set(large["category"]) == set(small["category"])
    assert not (done["part"] == "").any()
    rows = audit_pictures(done)
    assert_no_leak(rows)
    by_unit = {(row.fold, row.unit): row for row in rows}
    assert by_unit["train and valid / test", "category"].n_units_train == 1_654


@pytest.mark.parametrize("name", PICTURE_PROTOCOLS)
def test_every_protocol_keeps_its_promise_or_declares_its_leak(name):
    done = split_pictures(presentations(recordings=6), name, test=0.25, valid=0.25)
    assert set(done["part"]) >= {"train", "valid", "test"}
    rows = audit_pictures(done, name)
    leaks = PICTURE_PROTOCOLS[name].leaks
    assert any(row.overlap for row in rows) == (leaks is not None)
    assert {row.leaks for row in rows} == {leaks}
    assert_no_leak(rows)
    assert PICTURE_PROTOCOLS[name].description


@pytest.mark.parametrize("name", PICTURE_PROTOCOLS)
def test_order_of_the_rows_changes_nothing_and_the_seed_something(name):
    table = presentations(recordings=6, categories=20)
    done = split_pictures(table, name)
    shuffled = split_pictures(table.sample(frac=1, random_state=3), name).sort_index()
    pd.testing.assert_frame_equal(shuffled, done)
    assert not split_pictures(table, name, seed=1)["part"].equals(done["part"])


def test_a_picture_is_in_one_part_for_everybody():
    done = split_pictures(presentations(people=3, times=2), "unseen_images")
    assert len(done[["image", "part"]].drop_duplicates()) == done["image"].nunique()


def test_another_participant_moves_nobody_to_another_part():
    alone, both = presentations(people=1), presentations(people=2)
    for name in ("zero_shot", "unseen_images", "unseen_recordings"):
        first = split_pictures(both, name)
        mine = first[first["participant"] == "0"]
        assert mine["part"].tolist() == split_pictures(alone, name)["part"].tolist()


def test_without_a_published_test_categories_are_drawn_and_one_picture_of_each_is_small():
    table = presentations(categories=20, per_category=5)
    extra = table[table["image"].str.endswith("p3.jpg")].assign(onset=lambda t: t["onset"] + 1.0)
    done = split_pictures(pd.concat([table, extra], ignore_index=True), test=0.2)
    tested = done[done["part"] == "test"]
    assert tested["category"].nunique() == 4
    assert not set(tested["category"]) & set(done.loc[done["part"] != "test", "category"])
    small = images_of(done, test_set="small")
    assert {image.split("/")[1] for image in small} == {"p3.jpg"}  # shown most often
    assert len(small) == 4
    assert len(images_of(done, test_set="large")) == 16


def test_at_least_two_categories_test():
    done = split_pictures(presentations(categories=6), test=0.1)
    assert done.loc[done["part"] == "test", "category"].nunique() == 2


def test_published_test_pictures_stay_the_test_of_unseen_images():
    published = {f"c{c}/p0.jpg": "test" for c in range(3)}
    done = split_pictures(presentations(published=published), "unseen_images")
    assert images_of(done, part="test") == set(published)
    assert set(done.loc[done["part"] == "test", "test_set"]) == {"small"}
    assert "c0" in set(done.loc[done["part"] == "train", "category"])
    assert done["published"].tolist() == presentations(published=published)["part"].tolist()


def test_pictures_without_category_are_each_their_own():
    table = presentations().assign(category="")
    done = split_pictures(table, "unseen_images", test=0.25)
    assert set(done.loc[done["part"] == "test", "test_set"]) == {"small"}
    with pytest.raises(DataFault, match=r"32 pictures without category.*choose unseen_images"):
        split_pictures(table)


def test_whole_recordings_are_held_out_where_there_are_enough():
    done = split_pictures(presentations(recordings=10), "unseen_recordings", valid=0.2)
    blocks = done.drop_duplicates(["block", "part"])
    assert len(blocks) == done["block"].nunique() == 20
    count = pd.crosstab(blocks["participant"], blocks["part"])
    assert count[["train", "valid", "test"]].to_numpy().tolist() == [[7, 2, 1]] * 2
    assert not done["block"].str.contains("time block").any()


@pytest.mark.parametrize("recordings", [1, 2])
def test_few_recordings_are_split_in_time_with_a_gap(recordings):
    table = presentations(people=1, recordings=recordings, times=6)
    done = split_pictures(table, "unseen_recordings", gap=5.0)
    assert set(done["part"]) == {"train", "valid", "test", ""}
    for _, rows in done.groupby("recording"):
        onset, part = rows["onset"].to_numpy(), rows["part"].to_numpy()
        for one, other in (("test", "train"), ("test", "valid"), ("valid", "train")):
            apart = np.abs(np.subtract.outer(onset[part == one], onset[part == other]))
            assert not apart.size or apart.min() > 5.0
    assert_no_leak(audit_pictures(done, "unseen_recordings", gap=5.0))
    assert any(row.overlap for row in audit_pictures(done, "unseen_recordings", gap=9.0))


def test_pictures_that_were_not_trained_on_are_left_out_of_known_pictures():
    table = presentations(people=1, recordings=4)
    only = table["recording"].eq("r1") & table["category"].eq("c0")
    table.loc[only, "image"] = "new " + table.loc[only, "image"]
    for seed in range(5):
        done = split_pictures(table, "unseen_recordings", seed=seed)
        trained = images_of(done, part="train")
        assert images_of(done, part=["valid", "test"]) <= trained
    once = table.drop_duplicates("image")
    with pytest.raises(DataFault, match="no trial is left for test"):
        split_pictures(once.assign(recording=np.arange(len(once)) // 8), "unseen_recordings")


def test_a_recording_too_short_for_time_blocks_is_named():
    table = presentations(people=1, recordings=1)[:9]
    with pytest.raises(DataFault, match=r"9 trials for 10 time blocks \[participant 0, recording"):
        split_pictures(table, "unseen_recordings")


@pytest.mark.parametrize(
    ("protocol", "unit"),
    [("zero_shot", "image"), ("zero_shot", "category"), ("unseen_images", "image")],
)
@pytest.mark.parametrize("part", ["train", "valid"])
def test_one_row_on_the_wrong_side_stops_the_run(protocol, unit, part):
    done = split_pictures(presentations(recordings=6), protocol)
    assert_no_leak(audit_pictures(done, protocol))
    row = done.index[done["part"] == "test"][0]
    done.loc[row, "part"] = part
    if unit == "category":
        done.loc[row, "image"] = "another.jpg"
    rows = [row for row in audit_pictures(done, protocol) if row.overlap]
    assert {row.unit for row in rows} >= {unit}
    assert {row.fold for row in rows} == {"train and valid / test"}
    with pytest.raises(LeakFault, match=f"1 {unit} in both training and test"):
        assert_no_leak(row for row in rows if row.unit == unit)


def test_a_validation_picture_in_training_stops_the_run():
    done = split_pictures(presentations(recordings=6))
    done.loc[done.index[done["part"] == "valid"][0], "part"] = "train"
    with pytest.raises(LeakFault, match=r"1 image in both.*train / valid"):
        assert_no_leak(audit_pictures(done))


def test_the_same_content_under_two_names_is_found_and_can_be_kept_together():
    table = presentations()
    contents = {image: f"sha of {image}" for image in table["image"].unique()}
    done = split_pictures(table)
    test, train = (sorted(images_of(done, part=part))[0] for part in ("test", "train"))
    assert_no_leak(audit_pictures(done, contents=contents))
    contents[train] = contents[test]
    rows = audit_pictures(done, contents=contents)
    with pytest.raises(LeakFault, match=r"1 picture content in both training and test: sha of"):
        assert_no_leak(rows)
    mended = split_pictures(table, contents=contents)
    assert set(mended.loc[mended["image"] == train, "part"]) == {""}
    assert_no_leak(audit_pictures(mended, contents=contents))


def test_a_twin_of_a_published_test_picture_does_not_make_its_category_a_test():
    published = {f"c{c}/p0.jpg": "test" for c in range(3)}
    table = presentations(published=published)
    contents = {image: image for image in table["image"].unique()} | {"c7/p1.jpg": "c0/p0.jpg"}
    done = split_pictures(table, contents=contents)
    assert set(done.loc[done["part"] == "test", "category"]) == {"c0", "c1", "c2"}
    assert images_of(done, part="") == {"c7/p1.jpg"}


def test_rows_of_several_tables_may_share_index_labels():
    people = [presentations(people=1).assign(participant=name) for name in "ab"]
    apart, together = pd.concat(people), pd.concat(people, ignore_index=True)
    for name in PICTURE_PROTOCOLS:
        expected = split_pictures(together, name)["part"].tolist()
        assert split_pictures(apart, name)["part"].tolist() == expected


def test_two_names_of_one_content_are_validated_together():
    table = presentations(categories=30)
    twin = {f"c{c}/p1.jpg": f"c{c}/p0.jpg" for c in range(30)}
    contents = {image: twin.get(image, image) for image in table["image"].unique()}
    done = split_pictures(table, "unseen_images", contents=contents)
    part = done.drop_duplicates("image").set_index("image")["part"]
    assert all(part[one] == part[other] for one, other in twin.items())
    assert "valid" in set(part[list(twin)])
    assert_no_leak(audit_pictures(done, "unseen_images", contents=contents))


def test_known_pictures_are_no_leak_by_content():
    table = presentations(recordings=6)
    contents = dict.fromkeys(table["image"].unique(), "the same")
    done = split_pictures(table, "unseen_recordings")
    rows = audit_pictures(done, "unseen_recordings", contents=contents)
    assert {row.unit for row in rows} == {"recording or time block", "trial within 3 s"}


def test_no_validation_and_wrong_requests_are_clear():
    for name in PICTURE_PROTOCOLS:
        parts = split_pictures(presentations(recordings=4), name, valid=0.0)["part"]
        assert "valid" not in set(parts)
    with pytest.raises(ConfigFault, match="did you mean 'zero_shot'"):
        split_pictures(presentations(), "zeroshot")
    with pytest.raises(ConfigFault, match="did you mean 'unseen_images'"):
        audit_pictures(presentations(), "unseen_image")
    with pytest.raises(ConfigFault, match=r"test is 0 -> give a share above 0"):
        split_pictures(presentations(), test=0.0)
    with pytest.raises(ConfigFault, match=r"valid is 1 -> give a share"):
        split_pictures(presentations(), valid=1.0)
    with pytest.raises(DataFault, match="no column recording"):
        split_pictures(presentations().drop(columns="recording"))
    with pytest.raises(DataFault, match="no trial is left for train"):
        split_pictures(presentations(categories=2))
