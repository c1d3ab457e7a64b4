"""Trainings use what they may use and no more, and are found again in their folders."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from neurodecode.datasets.spiking.recording import Series
from neurodecode.faults import DataFault
from neurodecode.spikes.evaluation import evaluate_unit, read_unit
from neurodecode.spikes.fitting import train_unit
from neurodecode.spikes.loading import fold_folder, load_network, network_of, way_name
from neurodecode.spikes.units import units_of

FEW = {
    "targets": ["speed"], "models": ["state"],
    "few_shot": {"n_seeds": 1, "shares": [0.1], "training": {"trainer": {"max_epochs": 2}}},
}  # fmt: skip


def unit_of(study, start):
    units = units_of(study.config, sorted(study.folders))
    return next(unit for name, unit in units.items() if name.startswith(start))


def spoilt(one, known):
    """Return a session whose speed is garbage in all samples but those of known windows."""
    times, values = one.behaviour["speed"]
    kept = np.zeros(times.size, dtype=bool)
    for start, stop in known:
        kept |= (times >= start - 1e-9) & (times < stop - 1e-9)
    garbage = 1e3 * np.random.default_rng(9).standard_normal(times.size)
    return {**one.behaviour, "speed": Series(times, np.where(kept, values, garbage))}


def test_few_shot_tuning_uses_no_behaviour_beyond_its_share(study, session, tmp_path):
    """The rest of the behaviour may be garbage, and every weight is the same."""
    made = study(**FEW)
    recorded = made.sessions("01")[0]
    fold, unit = made.folds(recorded)[0], unit_of(made, "few-shot")
    order = np.random.default_rng(unit.parts[0].seed).permutation(fold.train)
    drawn = recorded.windows.iloc[order[: int(0.1 * fold.train.size)]]
    train_unit(made, unit, tmp_path / "one")
    whole = session()
    other = study(session(behaviour=spoilt(whole, drawn[["start", "stop"]].to_numpy())), **FEW)
    train_unit(other, unit, tmp_path / "other")
    for way in ("pretrained", "scratch"):
        here, there = (
            fold_folder(tmp_path / run / "few-shot.seed-1", recorded, fold) / way_name(way, 0.1)
            for run in ("one", "other")
        )
        weights, others = (load_file(folder / "model.safetensors") for folder in (here, there))
        assert all(np.array_equal(weights[name], others[name]) for name in weights)
        scales = [json.loads((f / "model.json").read_text())["scales"] for f in (here, there)]
        assert scales[0] == scales[1]


def test_tuning_sees_the_drawn_windows_or_the_first_in_time(study, tmp_path, monkeypatch):
    seen = {}

    def stop(self, network, rows, folder, training, **options):
        seen[folder.name] = (rows, options)
        return network.build(), ""

    monkeypatch.setattr("neurodecode.spikes.fitting.Fitting._network", stop)
    for draw in ("random", "beginning"):
        made = study(**{**FEW, "few_shot": {**FEW["few_shot"], "draw": draw, "shares": [0.2],
                                            "freeze": ["past"]}})  # fmt: skip
        fold = made.folds(made.sessions("01")[0])[0]
        train_unit(made, unit_of(made, "few-shot"), tmp_path)
        rows, options = seen["pretrained-0.2"]
        assert rows.size == int(0.2 * fold.train.size)
        assert np.array_equal(rows, fold.train[: rows.size]) == (draw == "beginning")
        assert options["last"]
        assert options["frozen"] == ("past",)
        assert seen["scratch-0.2"][1]["frozen"] == ()
        assert seen["scratch-0.2"][1]["state"] is None
        np.testing.assert_array_equal(seen["scratch-0.2"][0], rows)


def test_the_control_is_trained_on_behaviour_of_another_time_alone(study, tmp_path, monkeypatch):
    asked = {}

    def stop(self, network, rows, folder, training, **options):
        asked[self.part.model] = options
        return None, ""

    monkeypatch.setattr("neurodecode.spikes.fitting.Fitting._network", stop)
    monkeypatch.setattr("neurodecode.spikes.fitting.export_decoder", lambda *_: None)
    made = study(decoders=["joint", "behaviour alone", "joint, behaviour shuffled"])
    for name in ("joint", "behaviour alone", "joint, behaviour shuffled"):
        train_unit(made, unit_of(made, f"decode.{name.replace(',', '').replace(' ', '-')}.sub"),
                   tmp_path)  # fmt: skip
    assert asked["joint"] == {"spikes": True, "shift": {}}
    assert asked["behaviour alone"] == {"spikes": False, "shift": {}}
    recorded = made.sessions("01")[0]
    moved = recorded.unrelated_shift("speed", made.folds(recorded)[0].train)
    assert asked["joint, behaviour shuffled"] == {"spikes": True, "shift": {"speed": moved}}


def test_the_control_s_behaviour_is_unrelated_to_the_real_one(study):
    made = study(targets=["speed"])
    recorded = made.sessions("01")[0]
    rows, scales = made.folds(recorded)[0].train, {"speed": (0.0, 1.0)}
    moved = recorded.unrelated_shift("speed", rows)
    assert 0.2 <= moved <= 0.8
    network = network_of(made.config, recorded, "state", decodes=True)
    real, other = (
        recorded.spike_windows(network, scales, rows=rows, shift={"speed": share})
        .batch(range(rows.size))["targets"]["speed"].numpy()
        for share in (0.0, moved)
    )  # fmt: skip
    assert abs(np.corrcoef(real, other)[0, 1]) < 0.1
    assert not np.array_equal(real, other)


def test_a_model_is_written_scored_and_read_back(study, tmp_path):
    made = study(models=["state+past"], split={"n_blocks": 20, "gap_seconds": 0.2})
    unit = unit_of(made, "generate")
    said = train_unit(made, unit, tmp_path / "model")
    assert "1 epochs, validation loss" in said
    result = evaluate_unit(made, unit, tmp_path / "model")
    result.save(tmp_path / "scores")
    table, rows = read_unit(tmp_path / "scores")
    assert len(table) == len(result.predictions) <= 20
    scores = {row["metric"]: row for row in rows}
    assert {"F1", "precision", "recall", "F1, released rule", "bits per spike"} <= set(scores)
    assert scores["F1"]["value"] == pytest.approx(table["F1"].mean())
    assert scores["F1"]["unit"] == "block"
    assert all(row["ceiling"] is None for row in rows)
    again = evaluate_unit(made, unit, tmp_path / "model")
    np.testing.assert_array_equal(again.predictions["F1"], result.predictions["F1"])


def test_weights_of_another_population_are_refused_by_the_unit(study, session, tmp_path):
    made = study(models=["state"])
    train_unit(made, unit_of(made, "generate"), tmp_path)
    recorded = made.sessions("01")[0]
    folder = fold_folder(tmp_path / "generate.state", recorded, made.folds(recorded)[0])
    model, windows = load_network(network_of(made.config, recorded, "state"), recorded, folder,
                                  np.arange(3))  # fmt: skip
    assert len(windows) == 3
    assert not model.training
    other = study(session(n_units=5), models=["state"]).sessions("01")[0]
    with pytest.raises(DataFault, match="another population: 4 units, the session has 5"):
        load_network(network_of(made.config, other, "state"), other, folder, np.arange(3))


def test_a_body_is_shared_by_sessions_of_different_units(study, session, tmp_path):
    name = "state+past, shared body"
    made = study(session(), session(subject="02", session="b", n_units=6, seed=1), models=[name])
    unit = unit_of(made, "generate")
    assert "of 2 sessions" in train_unit(made, unit, tmp_path)
    shapes = []
    for subject in ("01", "02"):
        recorded = made.sessions(subject)[0]
        folder = fold_folder(tmp_path / unit.parts[0].slug, recorded, made.folds(recorded)[0])
        model, _ = load_network(network_of(made.config, recorded, name), recorded, folder,
                                np.arange(2))  # fmt: skip
        shapes.append(dict(model.named_parameters()))
    one, other = shapes
    assert (len(one["tokens.weight"]), len(other["tokens.weight"])) == (7, 9)
    body = [key for key in one if key.startswith("past_stage.")]
    assert body
    assert all(np.array_equal(one[key].detach(), other[key].detach()) for key in body)


def test_decoded_classes_have_the_chance_of_the_classes_that_are_tested(study, session, tmp_path):
    """A class that never occurs in the test windows makes nothing easier."""
    whole = session()
    times, speed = whole.behaviour["speed"]
    side = (speed > 0).astype(np.int64)
    side[times > 20] = 7  # a third class, in the last blocks, which are not tested
    made = study(session(behaviour={"side": Series(times, side)}), targets=["side"],
                 models=["state"], decoders=["GLM"])  # fmt: skip
    unit = unit_of(made, "rivals")
    train_unit(made, unit, tmp_path)
    result = evaluate_unit(made, unit, tmp_path)
    tested = result.predictions["true"].nunique()
    (row,) = result.rows
    assert row.metric == "side balanced accuracy"
    assert row.chance == pytest.approx(1 / tested)
    assert set(result.predictions["n_classes"]) == {3}
