"""Artefacts of a run to one self-contained HTML file, and to JSON."""
