from .adhd200 import ADHD200Score, adhd200_score
from .audit import (
    AuditRow,
    assert_no_leak,
    audit_folds,
    audit_frame,
    hash_signals,
    signal_overlap,
    unit_keys,
)
from .behaviour_scores import behaviour_scores, pearson_r, r_squared
from .blocked import time_block_index, time_blocks
from .bootstrap import Interval, bootstrap_ci, mean_ci
from .chance import auc_threshold, chance_level, chance_threshold
from .comparison import compare_decoders, holm, paired_bootstrap
from .connectivity_scores import connection_auc, connectivity_scores, direction_accuracy
from .display import best_median_worst, display_blocks, display_order
from .folds import Fold
from .identification import correlation_distance, two_way_identification
from .metric_row import MetricRow, metric_frame
from .metrics import METRICS, Metric, batch_score, score
from .ordinal import (
    ORDINAL_METRICS,
    level_confusion,
    ordinal_score,
    sequential_top2_hit_rate,
    top_two,
    tri_p,
)
from .ordinal_chance import chance_levels, ordinal_chance
from .ordinal_scores import ScoreSettings, score_ratings
from .paired import (
    McNemarResult,
    PairedResult,
    cohens_dz,
    mcnemar,
    paired_test,
    rank_biserial,
)
from .permutation import PermutationResult, permutation_p, permutation_test
from .picture_splits import PICTURE_PROTOCOLS, audit_pictures, split_pictures
from .protocols import PROTOCOLS, Protocol, make_folds, register_protocol
from .rated_folds import RatedFold
from .rated_splits import RATED_PROTOCOLS, SplitSettings, audit_rated, missing_levels, split_rated
from .reconstruction import Reconstructions, mismatched_pairs, score_reconstructions
from .restandardisation import restandardise
from .scoring import Scored, group_rows, score_predictions, score_subjects
from .similarity import pix_corr, ssim
from .spike_likelihood import bits_per_spike, bits_per_spike_ci
from .spike_pulses import PulseScore, pulse_score
from .spike_rates import RateCorrelation, psth_correlation, trial_correlation, unit_correlations
from .spike_sets import SetScores, chance_sets, set_scores, set_scores_ci
from .spike_splits import (
    SPIKE_PROTOCOLS,
    SpikeFold,
    SpikeSplitSettings,
    audit_spikes,
    split_spikes,
)
from .spike_windows import window_table
from .splits import (
    cross_run,
    cross_session,
    cross_subject,
    group_folds,
    random_trials,
    within_session,
)
from .stimulus_splits import STIMULUS_PROTOCOLS, audit_stimuli, split_stimuli
from .stretches import consensus_levels, whole_trials

__all__ = [
    "METRICS",
    "ORDINAL_METRICS",
    "PICTURE_PROTOCOLS",
    "PROTOCOLS",
    "RATED_PROTOCOLS",
    "SPIKE_PROTOCOLS",
    "STIMULUS_PROTOCOLS",
    "ADHD200Score",
    "AuditRow",
    "Fold",
    "Interval",
    "McNemarResult",
    "Metric",
    "MetricRow",
    "PairedResult",
    "PermutationResult",
    "Protocol",
    "PulseScore",
    "RateCorrelation",
    "RatedFold",
    "Reconstructions",
    "ScoreSettings",
    "Scored",
    "SetScores",
    "SpikeFold",
    "SpikeSplitSettings",
    "SplitSettings",
    "adhd200_score",
    "assert_no_leak",
    "auc_threshold",
    "audit_folds",
    "audit_frame",
    "audit_pictures",
    "audit_rated",
    "audit_spikes",
    "audit_stimuli",
    "batch_score",
    "behaviour_scores",
    "best_median_worst",
    "bits_per_spike",
    "bits_per_spike_ci",
    "bootstrap_ci",
    "chance_level",
    "chance_levels",
    "chance_sets",
    "chance_threshold",
    "cohens_dz",
    "compare_decoders",
    "connection_auc",
    "connectivity_scores",
    "consensus_levels",
    "correlation_distance",
    "cross_run",
    "cross_session",
    "cross_subject",
    "direction_accuracy",
    "display_blocks",
    "display_order",
    "group_folds",
    "group_rows",
    "hash_signals",
    "holm",
    "level_confusion",
    "make_folds",
    "mcnemar",
    "mean_ci",
    "metric_frame",
    "mismatched_pairs",
    "missing_levels",
    "ordinal_chance",
    "ordinal_score",
    "paired_bootstrap",
    "paired_test",
    "pearson_r",
    "permutation_p",
    "permutation_test",
    "pix_corr",
    "psth_correlation",
    "pulse_score",
    "r_squared",
    "random_trials",
    "rank_biserial",
    "register_protocol",
    "restandardise",
    "score",
    "score_predictions",
    "score_ratings",
    "score_reconstructions",
    "score_subjects",
    "sequential_top2_hit_rate",
    "set_scores",
    "set_scores_ci",
    "signal_overlap",
    "split_pictures",
    "split_rated",
    "split_spikes",
    "split_stimuli",
    "ssim",
    "time_block_index",
    "time_blocks",
    "top_two",
    "tri_p",
    "trial_correlation",
    "two_way_identification",
    "unit_correlations",
    "unit_keys",
    "whole_trials",
    "window_table",
    "within_session",
]
