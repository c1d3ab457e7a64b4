"""A network that left its run decodes bit for bit as the run does, and names what does not fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import neurodecode
from neurodecode.datasets.spiking.arrays import write_session
from neurodecode.datasets.spiking.recording import Series, Stimulus
from neurodecode.decoder_folder import open_folder
from neurodecode.faults import DataFault
from neurodecode.spikes.evaluation import evaluate_unit
from neurodecode.spikes.fitting import train_unit
from neurodecode.spikes.preparation import prepare_subject
from neurodecode.spikes.study import Study
from neurodecode.spikes.units import units_of

FULL = {"stimulus": {"window": 0.2, "kernel": [1, 4, 4]}, "inputs": ["speed"],
        "targets": ["pace", "side"], "models": ["state+past+stimulus+behaviour"],
        "decoder_model": "state+past+stimulus+behaviour", "decoders": ["joint"]}  # fmt: skip
PLAIN = {"targets": ["speed"], "decoders": ["Lasso", "joint, behaviour shuffled", "joint"]}


def whole_of(session, **parts):
    """Return a session with a stimulus and the behaviours speed, pace and side."""
    one = session(**parts)
    clock, speed = one.behaviour["speed"]
    frames = np.random.default_rng(1).random((len(clock), 6, 8)).astype(np.float32)
    more = {**one.behaviour, "pace": Series(clock, 5.0 + 2.0 * speed)}
    return session(**{**parts, "behaviour": more, "stimulus": Stimulus(3 * frames, clock)})


@pytest.fixture(scope="module")
def left(session, experiment, tmp_path_factory):
    """Return ``left(sections, one)``: predictions of the run, folders and decoder; kept by name."""
    made = {}

    def of(name, sections, one):
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            prepare_subject(folder / "01", [one])
            study = Study(experiment(**sections), {"01": folder / "01"})
            unit = next(u for u in units_of(study.config, ["01"]).values()
                        if u.parts[0].model == "joint")  # fmt: skip
            train_unit(study, unit, folder / "model")
            own = evaluate_unit(study, unit, folder / "model").predictions
            (place,) = (folder / "model").rglob("decoder")
            made[name] = own, folder / "01" / "sub-01" / "ses-a", place
        return (*made[name], neurodecode.load_decoder(made[name][2]))

    return of


@pytest.fixture(scope="module")
def full(left, session):
    return left("full", FULL, whole_of(session))


@pytest.fixture(scope="module")
def plain(left, session):
    return left("plain", PLAIN, session())


def held_out(recording, own):
    """Return the rows of a recording's windows that the run tested."""
    return np.flatnonzero(recording.windows["start"].isin(own["start"]).to_numpy())


@pytest.mark.parametrize("name", ["full", "plain"])
def test_held_out_windows_are_decoded_bit_for_bit_as_the_run_decodes_them(request, name):
    own, folder, _, decoder = request.getfixturevalue(name)
    recording = decoder.read(folder)
    found = decoder.predict(recording, rows=held_out(recording, own))
    for target, mine in own.groupby("variable"):
        decoded, true = (found[f"{column}_{target}"] for column in ("decoded", "true"))
        if classes := decoder.settings.classes.get(target):
            mine = mine.assign(
                **{k: [classes[int(v)] for v in mine[k]] for k in ("decoded", "true")}
            )
        np.testing.assert_array_equal(decoded, mine["decoded"])
        np.testing.assert_array_equal(true, mine["true"])
    np.testing.assert_array_equal(found["start"], own["start"].unique())


def test_the_card_has_the_score_of_the_held_out_windows(full):
    own, folder, place, decoder = full
    recording = decoder.read(folder)
    said = decoder.summary(decoder.predict(recording, rows=held_out(recording, own)))
    scores = decoder.settings.held_out
    assert said == [
        f"{own['start'].nunique()} windows decoded",
        f"pace: r {scores['pace'].value:.3f}, chance 0, {own['start'].nunique()} windows",
        f"side: balanced accuracy {scores['side'].value:.3f}, chance 0.500, "
        f"{own['start'].nunique()} windows",
    ]
    card = (place / "README.md").read_text()
    assert scores["pace"].sentence() in card
    assert "held-out windows of this fold: pace r" in card


def test_values_are_in_their_own_unit_and_classes_have_their_names(full):
    _, folder, _, decoder = full
    found = decoder.predict(decoder.read(folder), participant="01")
    assert found["true_pace"].between(2.0, 8.0).all()
    assert set(found["decoded_side"]) <= {"0", "1"}
    assert (found["note"] == "").all()


def test_the_folder_is_sealed_and_knows_no_path_of_the_run(full):
    _, _, place, decoder = full
    assert set(open_folder(place).files) == {"network.json", "network.safetensors"}
    assert decoder.settings.experiment.data.path is None
    assert decoder.settings.frames.size == (6, 8)
    assert decoder.settings.frames.largest == pytest.approx(3.0, abs=0.01)


def test_a_rival_or_a_control_before_the_network_leaves_nothing(plain):
    *_, decoder = plain
    assert decoder.settings.name == "joint"


def test_without_behaviour_windows_are_decoded_and_no_score_is_made_up(plain, session, tmp_path):
    *_, decoder = plain
    folder = write_session(tmp_path, session(behaviour={}, begin=3.0))
    found = decoder.predict(decoder.read(folder))
    assert found["true_speed"].isna().all()
    assert np.isfinite(found["decoded_speed"]).all()
    assert decoder.summary(found)[1] == "speed: no behaviour 'speed' in the file"


def test_spikes_alone_are_decoded_and_silent_units_are_noted(plain, session, tmp_path):
    *_, decoder = plain
    one = session(behaviour={})
    labels = np.array(decoder.units)[one.units]
    kept = labels != "u3"
    np.savez(tmp_path / "mine.npz", times=one.times[kept], units=labels[kept])
    found = decoder.predict(decoder.read(tmp_path / "mine.npz"))
    assert set(found["note"]) == {"units without a spike: u3"}
    tokens = decoder.read(tmp_path / "mine.npz").units
    np.testing.assert_array_equal(tokens, one.units[kept])


def test_units_are_matched_by_label_whatever_their_order(plain, session, tmp_path):
    *_, decoder = plain
    one = session(behaviour={})
    turned = session(behaviour={}, labels=["u3", "u2", "u1", "u0"], units=3 - one.units)
    wanted, found = (decoder.predict(decoder.read(write_session(tmp_path / f"{k}", each)))
                     for k, each in enumerate((one, turned)))  # fmt: skip
    pd.testing.assert_frame_equal(found, wanted)


def test_nwb_gives_the_same_as_arrays(plain, session, tmp_path):
    pynwb = pytest.importorskip("pynwb")
    from datetime import UTC, datetime

    *_, decoder = plain
    one = session()
    content = pynwb.NWBFile("x", "x", datetime(2024, 1, 1, tzinfo=UTC))
    for row, train in enumerate(one.trains()):
        content.add_unit(spike_times=train, id=row)
    speed = one.behaviour["speed"]
    content.add_acquisition(
        pynwb.TimeSeries(name="speed", data=speed.values, timestamps=speed.times, unit="m/s")
    )
    with pynwb.NWBHDF5IO(tmp_path / "one.nwb", "w") as file:
        file.write(content)
    with pytest.raises(DataFault, match=r"missing u0, u1, u2, u3; unknown 0, 1, 2, 3"):
        decoder.read(tmp_path / "one.nwb")
    options = {"behaviour": {"speed": "speed"}}
    data = decoder.settings.experiment.data.model_copy(update={"options": options})
    experiment = decoder.settings.experiment.model_copy(update={"data": data})
    settings = decoder.settings.model_copy(
        update={"units": ("0", "1", "2", "3"), "experiment": experiment}
    )
    again = type(decoder)(settings, decoder.network)
    found = again.predict(again.read(tmp_path / "one.nwb"))
    within = (one.times[0], one.times[-1])  # as a file without trials runs
    wanted = again.predict(session(labels=["0", "1", "2", "3"], limits=within))
    pd.testing.assert_frame_equal(found, wanted)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"labels": ["u0", "u1", "u2", "x3"]},
            r"another population: missing u3; unknown x3 \(.* 4",
        ),
        ({"n_units": 3, "labels": ["u0", "u1", "u2"]}, "another population: missing u3"),
        ({"stimulus": None}, "no stimulus was recorded, the decoder reads one"),
        ({"small": 4}, "frames of 4 x 8, those of the training are of 6 x 8"),
        ({"without": "speed"}, "unknown behaviour that the decoder reads, 'speed'"),
        ({"seconds": 0.5, "limits": (0.0, 0.15)}, "longer than the recording, 0.15 s"),
    ],
)
def test_what_does_not_fit_is_named(full, session, change, words):
    *_, decoder = full
    more = {k: v for k, v in change.items() if k in ("labels", "n_units", "seconds")}
    one = whole_of(session, **more)
    parts = {k: v for k, v in change.items() if k == "stimulus"}
    if "small" in change:
        parts["stimulus"] = Stimulus(one.stimulus.frames[:, :4], one.stimulus.frame_times)
    if "without" in change:
        parts["behaviour"] = {k: v for k, v in one.behaviour.items() if k != change["without"]}
    if "limits" in change:
        inside = one.times < 0.15
        short = {k: Series(v.times[:3], v.values[:3]) for k, v in one.behaviour.items()}
        parts |= {
            "times": one.times[inside],
            "units": one.units[inside],
            "limits": (0.0, 0.15),
            "unit_table": one.unit_table,
            "behaviour": short,
            "stimulus": Stimulus(one.stimulus.frames[:3], one.stimulus.frame_times[:3]),
        }
    given = {"behaviour": one.behaviour, "stimulus": one.stimulus, **more, **parts}
    with pytest.raises(DataFault, match=words):
        decoder.predict(session(**given))


def test_somebody_else_is_refused(plain, session):
    *_, decoder = plain
    with pytest.raises(DataFault, match=r"unknown participant '02'.*training of their own"):
        decoder.predict(session(), participant="02")


def test_the_onnx_file_decodes_what_the_decoder_decodes(full, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    from neurodecode.decoders.onnx import export_onnx

    _, folder, place, decoder = full
    export_onnx(place, tmp_path / "spikes.onnx")
    recording, rows = decoder.read(folder), np.arange(7)
    settings = decoder.settings
    batch = recording.spike_windows(settings.reading(), settings.scales, rows=rows).batch(rows)
    given = {key: batch[key].numpy() for key in ("id", "dt", "past_id", "past_dt", "frames")}
    given["speed_values"] = batch["values"]["speed"].numpy()
    given["speed_offsets"] = batch["offsets"]["speed"].numpy()
    (found,) = onnxruntime.InferenceSession(tmp_path / "spikes.onnx").run(None, given)
    wanted = decoder.infer(recording, rows)
    np.testing.assert_allclose(found[:, 0], wanted["pace"], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(found[:, 1:].argmax(axis=1), wanted["side"])
