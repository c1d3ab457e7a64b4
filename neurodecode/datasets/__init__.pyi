from .archives import unpack
from .bids import bids_dataset, bids_events, bids_subjects
from .catalog import Card, FileSpec, catalog_folders, find_card, load_cards, load_index
from .imports import import_dataset
from .manifest import (
    FileEntry,
    Manifest,
    build_manifest,
    manifest_path,
    merge_manifests,
    read_manifest,
    same_bytes,
    verify,
    verify_text,
    write_manifest,
)
from .moabb import fetch_moabb, moabb_dataset, use_root
from .network import no_network, online
from .nilearn import fetch_nilearn
from .paths import data_root
from .url import fetch_url

__all__ = [
    "Card",
    "FileEntry",
    "FileSpec",
    "Manifest",
    "bids_dataset",
    "bids_events",
    "bids_subjects",
    "build_manifest",
    "catalog_folders",
    "data_root",
    "fetch_moabb",
    "fetch_nilearn",
    "fetch_url",
    "find_card",
    "import_dataset",
    "load_cards",
    "load_index",
    "manifest_path",
    "merge_manifests",
    "moabb_dataset",
    "no_network",
    "online",
    "read_manifest",
    "same_bytes",
    "unpack",
    "use_root",
    "verify",
    "verify_text",
    "write_manifest",
]
