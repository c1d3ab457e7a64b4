from .audit import (
    AuditRow,
    assert_no_leak,
    audit_folds,
    audit_frame,
    hash_signals,
    signal_overlap,
    unit_keys,
)
from .blocked import time_block_index, time_blocks
from .bootstrap import Interval, bootstrap_ci, mean_ci
from .chance import auc_threshold, chance_level, chance_threshold
from .comparison import compare_decoders, holm, paired_bootstrap
from .display import best_median_worst, display_blocks, display_order
from .folds import Fold
from .identification import correlation_distance, two_way_identification
from .metric_row import MetricRow, metric_frame
from .metrics import METRICS, Metric, batch_score, score
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
from .reconstruction import Reconstructions, mismatched_pairs, score_reconstructions
from .restandardisation import restandardise
from .scoring import Scored, group_rows, score_predictions, score_subjects
from .similarity import pix_corr, ssim
from .splits import cross_session, cross_subject, group_folds, random_trials, within_session
from .stimulus_splits import STIMULUS_PROTOCOLS, audit_stimuli, split_stimuli

__all__ = [
    "METRICS",
    "PICTURE_PROTOCOLS",
    "PROTOCOLS",
    "STIMULUS_PROTOCOLS",
    "AuditRow",
    "Fold",
    "Interval",
    "McNemarResult",
    "Metric",
    "MetricRow",
    "PairedResult",
    "PermutationResult",
    "Protocol",
    "Reconstructions",
    "Scored",
    "assert_no_leak",
    "auc_threshold",
    "audit_folds",
    "audit_frame",
    "audit_pictures",
    "audit_stimuli",
    "batch_score",
    "best_median_worst",
    "bootstrap_ci",
    "chance_level",
    "chance_threshold",
    "cohens_dz",
    "compare_decoders",
    "correlation_distance",
    "cross_session",
    "cross_subject",
    "display_blocks",
    "display_order",
    "group_folds",
    "group_rows",
    "hash_signals",
    "holm",
    "make_folds",
    "mcnemar",
    "mean_ci",
    "metric_frame",
    "mismatched_pairs",
    "paired_bootstrap",
    "paired_test",
    "permutation_p",
    "permutation_test",
    "pix_corr",
    "random_trials",
    "rank_biserial",
    "register_protocol",
    "restandardise",
    "score",
    "score_predictions",
    "score_reconstructions",
    "score_subjects",
    "signal_overlap",
    "split_pictures",
    "split_stimuli",
    "ssim",
    "time_block_index",
    "time_blocks",
    "two_way_identification",
    "unit_keys",
    "within_session",
]
