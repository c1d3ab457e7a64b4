"""Rows 17 to 20 and 25 of the fault list: a training that goes wrong, and weights that are not
those that were written; the same promise for every pipeline that has them."""

from __future__ import annotations

import errno
import pickle

import pytest

from neurodecode.artefacts import read_json, sha256_file, write_json

RATE = {
    "speech": "training.learning_rate", "image": "training.learning_rate",
    "mindbridge": "optimiser.learning_rate", "emotion": "within.optimiser.learning_rate",
    "spikes": "training.optimiser.learning_rate",
}  # fmt: skip
SIZE = {"speech": "training", "image": "training", "mindbridge": "batches", "spikes": "training",
        "emotion": "within"}  # fmt: skip
TRAINER = {"speech": "trainer", "image": "trainer", "mindbridge": "trainer",
           "emotion": "within.trainer", "spikes": "training.trainer"}  # fmt: skip


def descriptions(run):
    """Return ``model.json`` of everything trained."""
    return sorted((run.out / "model").rglob("*.json"))


@pytest.mark.fault(17)
def test_a_loss_that_becomes_nan_ends_the_training_and_saves_nothing(pipeline, smallest_run, seen):
    for path in [*smallest_run.weights, *descriptions(smallest_run)]:
        path.unlink()
    line = seen(smallest_run(f"{RATE[pipeline]}=1e30", until="train").fault)
    assert "loss became" in line
    assert "[epoch 0" in line
    assert f"lower {RATE[pipeline]}" in line
    assert smallest_run.weights == []
    assert descriptions(smallest_run) == []


@pytest.mark.fault(18)
def test_too_few_windows_for_a_batch_are_told_before_training(
    pipeline, smallest_run, seen, monkeypatch
):
    """Loaders that have nothing, as of a batch larger than what there is to train on."""
    monkeypatch.setattr("torch.utils.data.DataLoader.__len__", lambda _: 0)
    line = seen(smallest_run(until="train", force="train").fault)
    assert "no training batch" in line
    assert f"give more data, or lower {SIZE[pipeline]}.batch_size" in line


@pytest.mark.fault(19)
def test_a_truncated_checkpoint_is_passed_over_for_the_one_before(
    pipeline, smallest_run, seen, monkeypatch
):
    """A training breaks off in its second epoch; the checkpoint of the first is then cut."""
    longer = [f"{TRAINER[pipeline]}.{key}" for key in ("max_epochs=3", "check_val_every_n_epoch=1")]

    def break_off(self, trainer, *_):
        if trainer.current_epoch == 1:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("neurodecode.training.SeedOfBatch.on_train_batch_start", break_off)
        line = smallest_run(*longer, until="train", force="train").fault
    assert "the disk is full" in line
    (last,) = (smallest_run.out / "model").rglob("last.ckpt")
    last.write_bytes(last.read_bytes()[:-100])
    for path in descriptions(smallest_run):
        path.unlink()
    screen = smallest_run(*longer, until="train")
    assert screen.returncode == 0, screen.said
    (line,) = [line for line in screen.stdout.splitlines() if "passed over" in line]
    assert "last.ckpt is damaged (its sha256 differs), passed over" in seen(line)
    assert "resumed from best.ckpt" in line


@pytest.mark.fault(20)
def test_a_flipped_bit_in_saved_weights_is_found_by_its_sha256(pipeline, smallest_run, seen):
    for path in smallest_run.weights:
        held = bytearray(path.read_bytes())
        held[len(held) // 2] ^= 1
        path.write_bytes(held)
    line = seen(smallest_run(until="evaluate").fault)
    assert "the saved" in line
    assert "that w" in line  # was, were written
    assert any(str(path.relative_to(smallest_run.out)) in line for path in smallest_run.weights)
    assert "--force train" in line
    assert not list((smallest_run.out / "evaluate").rglob("metrics.json"))


@pytest.mark.fault(25)
def test_a_pickle_in_place_of_weights_is_never_opened(pipeline, smallest_run, seen, tmp_path):
    """Its sha256 is given as right, as somebody would who hands the folder on."""

    class Hostile:
        def __reduce__(self):
            return (tmp_path.joinpath("owned").touch, ())

    for path in smallest_run.weights:
        path.write_bytes(pickle.dumps(Hostile()))
        of_its_own = path.with_suffix(".json")
        said = of_its_own if of_its_own.is_file() else path.with_name("model.json")
        content, digest = read_json(said), sha256_file(path)
        several = isinstance(content["sha256"], dict)
        digest = {**content["sha256"], path.name: digest} if several else digest
        write_json(said, {**content, "sha256": digest})
    line = seen(smallest_run(until="evaluate").fault)
    assert "refused to load" in line
    assert not (tmp_path / "owned").exists()
