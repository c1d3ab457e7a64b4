"""From a pipeline and an experiment to finished artefacts, on Snakemake."""
