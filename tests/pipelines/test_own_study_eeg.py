"""People who heard a story, saw pictures or rated films: from a BIDS tree to the report."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pandas as pd
import pytest

TESTS = Path(__file__).parents[1]


def load(name, path):
    """Return a module that no folder of imports holds."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


trees = load("own_eeg", TESTS / "pipelines" / "own_eeg.py")
typed = load("own_eeg_in_process", TESTS / "faults" / "in_process.py").Terminal()

BRAIN = "brain={n_virtual_channels: 8, n_frequencies: 4, hidden: 8, n_blocks: 1}"
SPEECH = (BRAIN, "signals.sfreq=40", "stimulus.n_mels=10", "trainer.max_epochs=1",
          "training={batch_size: 16, group_size: 16}", "split={min_duration: 4, valid: 0.3}",
          "decoders=['ridge, Mel', 'contrastive, Mel']", "evaluation.n_bootstrap=100")  # fmt: skip
IMAGE = (BRAIN, "signals.sfreq=40", "embedding.target=colour_histogram", "trainer.max_epochs=1",
         "training.batch_size=16", "decoders=[ridge, contrastive]", "ridge.folds=3",
         "evaluation={n_bootstrap: 100, n_permutations: 100, stream_trials: 0}")  # fmt: skip
EMOTION = ("data.options.ratings={valence: [1, 9]}", "protocols=[leave_clips_out]",
           "split.n_folds=3", "models=[DE+SVM, HiSTN G0]", "jobs=subject",
           "within={batch_size: 16, n_batches: 2, n_valid: 10, trainer: {max_epochs: 1}}",
           "evaluation={n_crops: 0, n_resamples: 100, n_permutations: 20}")  # fmt: skip


def finish(pipeline, tree, folder, *settings):
    """Run a pipeline on a tree to its report; return what was said, and the report's content."""
    done = typed("run", pipeline, "--bids", tree, "--out", folder, "--set", *settings)
    assert done.returncode == 0, done.said
    return " ".join(done.said.split()), json.loads((folder / "report.json").read_text())


def group(content, model, metric):
    """Return the score over subjects of a model."""
    rows = pd.DataFrame(content["metrics"])
    (row,) = rows.query("level == 'group' and model == @model and metric == @metric").to_dict(
        "records"
    )
    return row


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Return tree and run folder of people who rated films, what was said, and the report."""
    base = tmp_path_factory.mktemp("films")
    trees.write_films(base / "films")
    return base / "films", base / "run", *finish("emotion", base / "films", base / "run", *EMOTION)


def test_emotion_decodes_ratings_of_any_montage_and_scale_from_the_rows_that_name_a_film(films):
    _, run, said, content = films
    assert "video (18); left out: fixation (18), rating (18)" in said
    assert "regions of HiSTN: 4, cut from the places of 11 electrodes" in said
    rows = pd.DataFrame(content["metrics"])
    assert set(rows["subject"].dropna()) == {"01", "02"}
    assert set(rows.loc[rows["level"] == "subject", "n"]) == {trees.FILMS}
    found = rows.query("model == 'DE+SVM' and metric == 'top-1' and level == 'subject'")
    assert (found["value"] > 0.8).all()
    assert (found["chance"] < 0.5).all()
    page = (run / "report.html").read_text()
    assert "11 channels, 128 samples and 9 levels" in page
    claims = {claim["key"]: claim for claim in content["claims"]}
    assert claims["E2"]["verdict"] == "not tested"  # published for five levels


def test_an_emotion_decoder_gives_a_held_back_film_what_the_evaluation_gave_it(films, tmp_path):
    tree, run, *_ = films
    unit, out = "leave_clips_out.sub-01", tmp_path / "p.parquet"
    (folder,) = (run / "model" / unit).glob("de-svm/valence/fold-0/decoder")
    recording = next(tree.rglob("sub-01*_eeg.vhdr"))
    done = typed("predict", folder, recording, "--participant", "01", "-o", out)
    assert done.returncode == 0, done.said
    assert "rest" not in (folder / "README.md").read_text()  # there was no baseline
    said = pd.read_parquet(out).query("rank == 1").reset_index()
    kept = pd.read_parquet(run / "evaluate" / unit / "predictions.parquet")
    kept = kept.query("model == 'DE+SVM' and fold == @kept.fold.min()")
    assert len(kept) == 3 * trees.FILM_S
    mine = said[said["clip"].isin(kept["trial"] - 1)]
    columns = [f"p_{k}" for k in range(9)]
    assert (
        mine["candidate"].astype(int).tolist()
        == (1 + kept[columns].to_numpy().argmax(axis=1)).tolist()
    )


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """Return run folder, number of words, what was said and the report of people who listened."""
    base = tmp_path_factory.mktemp("story")
    n_words = trees.write_story(base / "story")
    return base, n_words, *finish("speech", base / "story", base / "run", *SPEECH)


def test_speech_finds_the_segments_that_sensors_follow(story):
    base, n_words, said, content = story
    assert "the score is the top-5 accuracy" in said
    score = group(content, "ridge, Mel", "top-5 accuracy")
    assert score["value"] > 2 * score["chance"]
    assert score["n"] == 2
    assert {claim["evidence"] for claim in content["claims"]} == {"real"}
    assert all(row["overlap"] == 0 for row in content["audit"])
    assert len(pd.read_parquet(next((base / "run" / "story").glob("*.parquet")))) == n_words


def test_a_speech_decoder_ranks_the_held_back_words_as_the_evaluation_did(story, tmp_path):
    base, out = story[0], tmp_path / "p.parquet"
    name = "ridge-mel.seed-2036"
    recording = next((base / "story").rglob("sub-02*_eeg.vhdr"))
    done = typed("predict", base / "run" / "model" / name / "decoder", recording,
                 "--participant", "02", "-o", out)  # fmt: skip
    assert done.returncode == 0, done.said
    said = pd.read_parquet(out).query("rank == 1 and true_rank > 0")
    kept = pd.read_parquet(base / "run" / "evaluate" / name / "predictions.parquet")
    kept = kept[kept["participant"] == "02"]
    ranks = said.set_index(said["onset"].round(3))["true_rank"]
    assert ranks.loc[kept["anchor"].round(3)].tolist() == kept["rank"].tolist()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Return tree, run folder, what was said and the report of people who saw pictures."""
    base = tmp_path_factory.mktemp("pictures")
    trees.write_pictures(base / "pictures")
    tree, run = base / "pictures", base / "run"
    return tree, run, *finish("image", tree, run, *IMAGE)


def test_image_scores_among_enough_pictures_and_leaves_answers_out(pictures):
    _, run, said, content = pictures
    shown = 2 * trees.SHOWN * trees.PICTURES
    assert f"picture ({shown}); left out: answer (2)" in said
    assert "among the large set" in said
    rows = pd.DataFrame(content["metrics"])
    best = rows.query("level == 'group' and model == 'ridge' and metric == 'top-5 accuracy'")
    best = best[best["split"] == "large set, averaged over repetitions"]
    assert best["chance"].item() <= 0.5
    assert best["value"].item() > 1.5 * best["chance"].item()
    assert set(rows["subject"].dropna()) == {"01", "02"}
    assert all(row["overlap"] == 0 for row in content["audit"])
    assert f"{shown} trials" in (run / "report.html").read_text()


def test_an_image_decoder_ranks_the_held_back_pictures_as_the_evaluation_did(pictures, tmp_path):
    tree, run, *_ = pictures
    out, name = tmp_path / "p.parquet", "ridge.seed-1"
    recording = next(tree.rglob("sub-01*_eeg.vhdr"))
    done = typed("predict", run / "model" / name / "decoder", recording, "--participant", "01",
                 "-o", out)  # fmt: skip
    assert done.returncode == 0, done.said
    said = pd.read_parquet(out).query("rank == 1 and true_rank > 0")
    kept = pd.read_parquet(run / "evaluate" / name / "predictions.parquet")
    kept = kept.query("participant == '01' and average == 'single' and set == 'large'")
    assert len(kept) > trees.SHOWN
    assert said["true_rank"].tolist() == kept["rank"].tolist()
    assert said["candidate"].tolist() == kept["predicted"].tolist()


def test_meg_of_a_story_gets_to_the_report_and_to_a_recording_that_it_decodes(tmp_path):
    trees.write_story(tmp_path / "meg", n_subjects=1, seconds=100.0, kind="meg")
    _, content = finish("speech", tmp_path / "meg", tmp_path / "run", *SPEECH,
                        "decoders=['ridge, Mel']")  # fmt: skip
    (store,) = (tmp_path / "run" / "stores" / "01").glob("*/store.json")
    kept = json.loads(store.read_text())
    assert kept["channels"] == list(trees.MEG)
    assert kept["without_position"] == []
    score = group(content, "ridge, Mel", "top-5 accuracy")
    assert score["value"] > 1.5 * score["chance"]
    name, out = "ridge-mel.seed-2036", tmp_path / "p.parquet"
    recording = next((tmp_path / "meg").rglob("sub-01*_meg.fif"))
    done = typed("predict", tmp_path / "run" / "model" / name / "decoder", recording,
                 "--participant", "01", "-o", out)  # fmt: skip
    assert done.returncode == 0, done.said
    assert len(pd.read_parquet(out))
