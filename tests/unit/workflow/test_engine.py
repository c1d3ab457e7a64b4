"""No more jobs run at a time than there are cores, whatever ran alone before."""

from __future__ import annotations

import pytest
from rich.console import Console

from neurodecode.workflow.engine import Options, run_snakemake

SNAKEFILE = """
rule all:
    default_target: True
    input: expand("{n}.txt", n=range(6))

rule first:
    output: "first.txt"
    shell: "touch {output}"

rule second:
    input: "first.txt"
    output: "second.txt"
    shell: "touch {output}"

rule several:
    input: "second.txt"
    output: "{n}.txt"
    shell: "date +%s.%N > {output}; sleep 0.5; date +%s.%N >> {output}"
"""


@pytest.mark.parametrize("cores", [1, 2])
def test_jobs_side_by_side_are_as_many_as_cores(tmp_path, cores):
    snakefile = tmp_path / "Snakefile"
    snakefile.write_text(SNAKEFILE)
    done, _ = run_snakemake(snakefile, tmp_path, Options(cores=cores), Console(quiet=True))
    assert done
    spans = [tuple(map(float, (tmp_path / f"{n}.txt").read_text().split())) for n in range(6)]
    at_once = [sum(begin <= start < end for begin, end in spans) for start, _ in spans]
    assert max(at_once) == cores
