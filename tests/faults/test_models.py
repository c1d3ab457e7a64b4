"""Rows 17 to 20 and 25 of the fault list: a training that goes wrong, and weights that are not
those that were written; the same promise for every pipeline that has them."""

from __future__ import annotations

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
        said = path.with_name("model.json" if path.suffix == ".skops" else f"{path.stem}.json")
        write_json(said, {**read_json(said), "sha256": sha256_file(path)})
    line = seen(smallest_run(until="evaluate").fault)
    assert "refused to load" in line
    assert not (tmp_path / "owned").exists()
