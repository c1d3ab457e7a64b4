"""A checkpoint is the one that was written, or is not used; none of them can run code."""

from __future__ import annotations

import pickle

import pytest
import torch

from neurodecode.artefacts import sha256_file, write_text
from neurodecode.faults import DataFault
from neurodecode.training import (
    CheckedCheckpointIO,
    fit,
    last_whole_checkpoint,
    load_checkpoint,
)


def spoil(path, how):
    content = bytearray(path.read_bytes())
    if how == "truncated":
        content = content[: len(content) // 2]
    else:
        content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_each_checkpoint_has_its_sha256_beside_it(interrupted):
    folder = interrupted / "checkpoints"
    for name in ("last.ckpt", "best.ckpt"):
        noted = (folder / f"{name}.sha256").read_text().strip()
        assert noted == sha256_file(folder / name)
    assert not list(folder.glob("*.part"))


@pytest.mark.parametrize("how", ["truncated", "flipped bit"])
def test_a_damaged_last_checkpoint_is_passed_over_for_the_best_one_with_a_note(
    how, interrupted, small, pairs, settings
):
    spoil(interrupted / "checkpoints" / "last.ckpt", how)
    found = fit(small(), pairs(), settings(), interrupted, seed=3, key="a")
    assert found.resumed_from == "best.ckpt"
    assert found.note == "last.ckpt is damaged (its sha256 differs), passed over"
    assert found.epochs == 6


def test_the_weights_are_then_those_of_an_undisturbed_training(
    interrupted, small, pairs, settings, tmp_path
):
    spoil(interrupted / "checkpoints" / "last.ckpt", "truncated")
    resumed, whole = small(), small()
    fit(resumed, pairs(), settings(), interrupted, seed=3, key="a")
    fit(whole, pairs(), settings(), tmp_path / "whole", seed=3)
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name


def test_with_no_whole_checkpoint_the_training_starts_anew_and_says_so(
    interrupted, small, pairs, settings
):
    for name in ("last.ckpt", "best.ckpt"):
        spoil(interrupted / "checkpoints" / name, "flipped bit")
    found = fit(small(), pairs(), settings(), interrupted, seed=3, key="a")
    assert found.resumed_from == ""
    assert found.note.count("passed over") == 2


def test_a_checkpoint_without_its_hash_is_not_trusted(interrupted):
    folder = interrupted / "checkpoints"
    (folder / "last.ckpt.sha256").unlink()
    path, note = last_whole_checkpoint(folder)
    assert path == folder / "best.ckpt"
    assert "last.ckpt has no sha256 beside it" in note


@pytest.mark.parametrize("how", ["truncated", "flipped bit"])
def test_a_damaged_checkpoint_is_refused_with_its_path(how, interrupted):
    path = interrupted / "checkpoints" / "best.ckpt"
    spoil(path, how)
    with pytest.raises(DataFault, match=r"is damaged .*best\.ckpt.* -> delete it"):
        load_checkpoint(path)
    with pytest.raises(DataFault, match="is damaged"):
        CheckedCheckpointIO().load_checkpoint(path)


def test_an_absent_checkpoint_is_refused(tmp_path):
    with pytest.raises(DataFault, match="is absent"):
        load_checkpoint(tmp_path / "best.ckpt")
    assert last_whole_checkpoint(tmp_path) == (None, "")


def test_a_checkpoint_that_would_run_code_is_not_loaded_even_with_a_right_hash(tmp_path):
    ran, path = tmp_path / "ran", tmp_path / "last.ckpt"

    class Evil:
        def __reduce__(self):
            return type(ran).touch, (ran,)

    torch.save({"state_dict": Evil()}, path)
    write_text(tmp_path / "last.ckpt.sha256", sha256_file(path))
    with pytest.raises(DataFault, match=r"refused to load.*last\.ckpt"):
        load_checkpoint(path)
    path.write_bytes(pickle.dumps(Evil(), protocol=2))
    write_text(tmp_path / "last.ckpt.sha256", sha256_file(path))
    with pytest.raises(DataFault, match="refused to load"):
        CheckedCheckpointIO().load_checkpoint(path, weights_only=False)
    assert not ran.exists()


def test_a_removed_checkpoint_leaves_no_hash(tmp_path):
    store = CheckedCheckpointIO()
    store.save_checkpoint({"epoch": 1}, tmp_path / "x.ckpt")
    assert store.load_checkpoint(tmp_path / "x.ckpt") == {"epoch": 1}
    store.remove_checkpoint(tmp_path / "x.ckpt")
    assert not list(tmp_path.iterdir())
