"""No more jobs run at a time than there are cores; a signal stops all, and is not a failed job."""

from __future__ import annotations

import os
import signal
import threading
import time

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


LONG = """
rule all:
    default_target: True
    output: "done.txt"
    shell: "touch started.txt; sleep 1; touch {output}"
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_asks_to_stop_is_passed_on(tmp_path, number):
    snakefile = tmp_path / "Snakefile"
    snakefile.write_text(LONG)

    def ask_to_stop():
        while not (tmp_path / "started.txt").exists():
            time.sleep(0.05)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=ask_to_stop, daemon=True)
    thread.start()
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        run_snakemake(snakefile, tmp_path, Options(cores=1), Console(quiet=True))
    thread.join(timeout=5)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
