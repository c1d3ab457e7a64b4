"""The smallest experiment of each pipeline, simulated, and its trained run."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXPERIMENTS = {
    "acm": """
data: {dataset: simulated-motor-imagery, simulation: {n_subjects: 1, n_sessions: 2, n_trials: 12}}
model: {order: 2}
decoders: [TS+SVM]
evaluation: {protocols: [within_session], n_splits: 2, n_bootstrap: 100, n_permutations: 100}
""",
    "speech": """
data:
  dataset: simulated-listening
  simulation: {n_participants: 2, n_sentences: 12, n_channels: 6}
signals: {sfreq: 40}
stimulus: {target: mel, n_mels: 6}
brain: {n_virtual_channels: 6, n_frequencies: 3, hidden: 8, n_blocks: 1}
training: {batch_size: 8, group_size: 8}
trainer: {max_epochs: 2, accelerator: cpu}
decoders: ["contrastive, Mel"]
evaluation: {n_bootstrap: 100}
""",
    "image": """
data:
  dataset: simulated-viewing
  simulation: {n_participants: 2, n_categories: 8, images_per_category: 3, n_test_categories: 2,
    test_repetitions: 2, n_channels: 6, pictures: drawn, early: [colour_histogram], late: hog}
signals: {sfreq: 30}
embedding: {target: hog, options: {hog: {size: 32}}}
brain: {n_virtual_channels: 6, n_frequencies: 3, hidden: 8, n_blocks: 1}
head: {width: 16}
training: {batch_size: 8}
trainer: {max_epochs: 2, accelerator: cpu}
decoders: [contrastive]
evaluation: {n_bootstrap: 100, n_permutations: 100}
""",
    "mindbridge": """
data:
  dataset: simulated-responses
  simulation: {n_subjects: 2, n_voxels: [40, 30], n_train: 24, n_shared_test: 6, n_repetitions: 1,
    pictures: drawn, embedding: hog, ncsnr: 1.0}
target: {image: hog, options: {hog: {size: 32}}}
bridge: {pooled_size: 32, width: 16, n_blocks: 1, adapter_size: 8}
batches: {batch_size: 8}
trainer: {max_epochs: 2, accelerator: cpu}
models: [bridge]
evaluation: {set_size: 5, n_sets: 5, n_bootstrap: 100}
""",
    "emotion": """
data:
  dataset: simulated-rated
  simulation: {n_subjects: 1, n_clips: 10, seconds: 6, baseline_seconds: 4}
labels: [valence]
signals: {seconds: 6, baseline_seconds: 3}
protocols: [leave_clips_out]
split: {n_folds: 3, max_folds: 1, missing: warn}
models: [HiSTN G0]
network: {momentum: 0.8}
within: {batch_size: 16, n_batches: 2, n_valid: 10, trainer: {max_epochs: 2, accelerator: cpu}}
jobs: subject
evaluation: {n_crops: 0, n_resamples: 100, n_permutations: 0, n_optimal: 50}
""",
    "spikes": """
data:
  dataset: simulated-spiking
  simulation: {n_units: 6, n_hubs: 2, seconds: 30, n_subjects: 1, rate_hz: 4, n_stimuli: 2,
    trial_seconds: 2}
windows: {dt: 0.01, current: 0.05, past: 0.05, block: 12, past_block: 12}
split: {n_blocks: 10}
models: [state+past]
network: {width: 8, n_heads: 2, n_state_layers: 1, n_past_layers: 1, dropout: 0.0}
training: {batch_size: 64, optimiser: {learning_rate: 0.003, warmup_tokens: 0},
  trainer: {max_epochs: 2, accelerator: cpu}}
jobs: subject
evaluation: {n_draws: 2, n_windows: 20, n_resamples: 100}
""",
    "adhd": """
data:
  dataset: simulated-resting
  simulation: {n_subjects: 12, n_sites: 2, voxel_mm: 15, n_regions: 1, n_networks: 1}
maps: {features: [degree, three_cycles], thetas: [0.4]}
models: [3-cycles]
protocols: [stratified]
split: {n_folds: 2}
evaluation: {n_resamples: 100, n_permutations: 100}
""",
    "mci": """
data:
  dataset: simulated-morphometry
  simulation: {n_people: 60, n_excluded: 4, n_sites: 1, n_scans: 1, effect: 1.5}
harmonisations: [raw]
classifiers: [gaussian nb]
search:
  {replicates: 1, outer_folds: 2, inner_folds: 2, candidates: 1, rankings: [anova], spread: age}
null_test: {draws: 1, n_people: 20, n_measures: 5, ranking: anova, outer_folds: 2}
jobs: form
evaluation: {n_resamples: 100}
""",
}


@dataclass
class Run:
    """A run folder that a test may spoil, its experiment, and the terminal to go on from."""

    pipeline: str
    experiment: Path
    out: Path
    terminal: Any

    def __call__(self, *settings, until="prepare", force=None, more=(), **environment):
        """Give the command again, with other settings; return what it leaves on the screen."""
        words = [word for setting in settings for word in ("--set", setting)]
        words += ["--force", force] if force else []
        return self.terminal("run", self.pipeline, self.experiment, "--out", self.out,
                             "--until", until, *words, *more, **environment)  # fmt: skip

    def copy(self, folder, terminal):
        """Return the same run elsewhere."""
        return Run(self.pipeline, self.experiment, shutil.copytree(self.out, folder), terminal)

    @property
    def weights(self):
        """The files that the training left for the evaluation."""
        kinds = (".parquet",) if self.pipeline == "mci" else (".safetensors", ".skops")
        found = [path for path in (self.out / "model").rglob("*") if path.suffix in kinds]
        return sorted(path for path in found if not {"decoder", "decoders"} & set(path.parts))


def trained(pipeline, folder, terminal):
    """Return the run of an experiment up to its training."""
    experiment = folder / f"{pipeline}.yaml"
    experiment.write_text(f"description: the smallest\n{EXPERIMENTS[pipeline]}")
    run = Run(pipeline, experiment, folder / pipeline, terminal)
    screen = run(until="train")
    assert screen.returncode == 0, screen.said
    return run
