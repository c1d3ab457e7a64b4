# The five rules that every pipeline has. plan.json, written by `neurodecode run`, names the
# stores and units; a fingerprint of code and settings makes a change rerun what it touches.

import json
from pathlib import Path

PLAN = json.loads(Path("plan.json").read_text())
STEP = f"{PLAN['python']} -m neurodecode step"
# Set before the include where a pipeline differs: train jobs run alone; files of a store;
# tables of random draws that evaluate leaves for the report. Taken out, for all pipelines that one
# process runs share these names.
ALONE = globals().pop("ONE_BY_ONE", False)
STORED = globals().pop("STORE_FILES", ["store.json", "signals.npy", "trials.parquet"])
DRAWN = globals().pop("DRAWS", ["null", "resampled"])
STORE = [f"stores/{{store}}/{name}" for name in STORED]
EVALUATION = ["metrics.json", "predictions.parquet", *(f"{name}.parquet" for name in DRAWN)]


def stores_of(unit):
    return expand(STORE, store=PLAN["units"][unit])


rule report:
    input:
        expand("evaluate/{unit}/{file}", unit=PLAN["units"], file=EVALUATION),
        [ancient(path) for path in expand(STORE, store=PLAN["stores"])],
    output:
        "report.html",
        "report.json",
    log:
        "logs/report/all.log",
    params:
        fingerprint=PLAN["fingerprints"]["report"],
    shell:
        "{STEP} report all > {log} 2>&1"


rule fetch:
    output:
        "fetch/{dataset}.json",
    log:
        "logs/fetch/{dataset}.log",
    params:
        fingerprint=PLAN["fingerprints"]["fetch"],
    shell:
        "{STEP} fetch {wildcards.dataset:q} > {log:q} 2>&1"


rule prepare:
    input:
        f"fetch/{PLAN['dataset']}.json",
    output:
        STORE,
    log:
        "logs/prepare/{store}.log",
    params:
        fingerprint=PLAN["fingerprints"]["prepare"],
        subjects=lambda wildcards: PLAN["stores"][wildcards.store],
    shell:
        "{STEP} prepare {wildcards.store:q} > {log:q} 2>&1"


rule train:
    input:
        lambda wildcards: stores_of(wildcards.unit),
    output:
        "model/{unit}/model.json",
    log:
        "logs/train/{unit}.log",
    threads: workflow.cores if ALONE else 1
    params:
        fingerprint=PLAN["fingerprints"]["train"],
    shell:
        "{STEP} train {wildcards.unit:q} > {log:q} 2>&1"


rule evaluate:
    input:
        "model/{unit}/model.json",
        lambda wildcards: stores_of(wildcards.unit),
    output:
        [f"evaluate/{{unit}}/{name}" for name in EVALUATION],
    log:
        "logs/evaluate/{unit}.log",
    params:
        fingerprint=PLAN["fingerprints"]["evaluate"],
    shell:
        "{STEP} evaluate {wildcards.unit:q} > {log:q} 2>&1"
