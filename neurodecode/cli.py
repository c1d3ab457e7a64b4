"""The ``neurodecode`` command. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from neurodecode.faults import ConfigFault, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

app = typer.Typer(
    name="neurodecode",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="Published brain decoders as real pipelines, with chance, intervals and leak audits.",
)
data = typer.Typer(no_args_is_help=True, help="List, describe, fetch, import and verify data sets.")
app.add_typer(data, name="data")

SET = "--set"
"""Takes all settings that follow it."""


class SettingsCommand(TyperCommand):
    """A command whose ``--set`` takes several settings, ``--set a.b=1 c=2``, and is repeatable."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments, with ``--set`` before each setting."""
        return super().parse_args(ctx, each_set(args))


def each_set(arguments: Sequence[str]) -> list[str]:
    """Put ``--set`` before every setting that follows one; what has no ``=`` ends the list.

    Parameters
    ----------
    arguments : sequence of str
        Of the command line.

    Raises
    ------
    ConfigFault
        If the shell cut a setting at a space in it, with the quotes to write.

    Examples
    --------
    >>> each_set(["--set", "seed=1", "data.task=rest", "acm"])
    ['--set', 'seed=1', '--set', 'data.task=rest', 'acm']
    """
    found: list[str] = []
    listing = first = False
    for place, argument in enumerate(arguments):
        is_setting = _is_setting(argument)
        if first and not is_setting and not argument.startswith("-"):
            fix = "write KEY=VALUE; the pipeline's name stands before"
            raise ConfigFault(f"'{argument}' is no setting", where=SET, fix=fix)
        if (first or listing) and is_setting:
            _refuse_cut(argument, arguments[place + 1 :])
        found += [SET, argument] if listing and is_setting else [argument]
        listing = is_setting if first or listing else argument.startswith(f"{SET}=")
        first = argument == SET
    return found


def _is_setting(argument: str) -> bool:
    """Whether it has the form KEY=VALUE; a path with "=" in it has none."""
    key, equals, _ = argument.partition("=")
    return bool(key and equals) and not key.startswith("-") and not set(key) & set("/\\")


def _refuse_cut(setting: str, rest: Sequence[str]) -> None:
    if _opened(setting) <= 0:
        return
    pieces = [setting]
    for piece in rest:
        pieces.append(piece)
        if _opened("".join(pieces)) <= 0:
            whole = " ".join(pieces)
            raise ConfigFault(f"the shell cut the setting '{setting}'", fix=f'quote it: "{whole}"')


def _opened(text: str) -> int:
    """Return how many brackets are open at the end."""
    return sum(text.count(mark) for mark in "[{") - sum(text.count(mark) for mark in "]}")


PipelineName = Annotated[str, typer.Argument(metavar="PIPELINE", help="As in `neurodecode list`.")]
DecoderFolder = Annotated[
    Path, typer.Argument(metavar="DECODER", help="Folder with decoder.json, as a run leaves it.")
]
Participant = Annotated[
    str | None, typer.Option(help="One of the training [default: somebody else].")
]
Events = Annotated[
    Path | None,
    typer.Option(help="Table of onsets [default: BIDS events, annotations, stimulus channel]."),
]
Label = Annotated[str | None, typer.Option(help="Column that says what was shown.")]
Montage = Annotated[str | None, typer.Option(help="Standard montage, as standard_1005.")]
DropExtra = Annotated[bool, typer.Option("--drop-extra", help="Leave unknown channels out.")]
Top = Annotated[int, typer.Option(min=1, help="Candidates per trial.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        SET,
        metavar="KEY.SUB=VALUE ...",
        help="Change settings: one or several, repeatable; quote values with spaces.",
    ),
]
Subjects = Annotated[
    list[str] | None, typer.Option("--subject", "-s", help="Only these subjects (repeatable).")
]


def main() -> None:
    """Entry point: what follows ``--`` goes to Snakemake, faults end in one line."""
    arguments, extra = sys.argv[1:], []
    if "--" in arguments:
        cut = arguments.index("--")
        arguments, extra = arguments[:cut], arguments[cut + 1 :]
    try:
        app(args=arguments, obj=extra, standalone_mode=True)
    except Fault as fault:
        typer.secho(f"error: {fault}", fg="red", err=True)
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _version(show: bool) -> None:
    if show:
        from neurodecode import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Published brain decoders as real pipelines, with chance, intervals and leak audits."""


@app.command("list")
def list_pipelines() -> None:
    """Pipelines and their experiments, with the data each needs."""
    from neurodecode.workflow.tables import show_pipelines

    show_pipelines()


@app.command(cls=SettingsCommand)
def run(
    context: typer.Context,
    pipeline: PipelineName,
    experiment: Annotated[
        str | None,
        typer.Argument(help="Name, or path of a YAML file [default: demo; with --bids own_study]."),
    ] = None,
    bids: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Your study: BIDS, derivatives, or NWB files."),
    ] = None,
    overrides: Settings = None,
    out: Annotated[
        Path | None, typer.Option(help="Run folder [default: reports/PIPELINE/EXPERIMENT].")
    ] = None,
    cores: Annotated[int | None, typer.Option(min=1, help="Jobs at a time [default: all].")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Show what would run.")] = False,
    dag: Annotated[bool, typer.Option("--dag", help="Draw the jobs as SVG and Mermaid.")] = False,
    until: Annotated[str | None, typer.Option(metavar="RULE", help="Stop after this rule.")] = None,
    force: Annotated[
        list[str] | None, typer.Option(metavar="RULE", help="Run this rule again (repeatable).")
    ] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Show the resolved settings and stop.")
    ] = False,
) -> None:
    """Run a pipeline, or all in turn; what follows -- goes to Snakemake.

    With --bids DIR the study in a folder is looked through and run, as `data check` shows it.

    The same command resumes an interrupted run and reruns exactly what a change touches.
    `neurodecode run all` runs every decoder's demo; a failing one does not stop the others.
    """
    from neurodecode.workflow.run import RunRequest, run_pipeline

    request = RunRequest(
        pipeline=pipeline,
        experiment=experiment,
        overrides=tuple(overrides or ()),
        out=out,
        cores=cores or os.cpu_count() or 1,
        dry_run=dry_run,
        dag=dag,
        until=until,
        force=tuple(force or ()),
        print_config=print_config,
        extra=tuple(context.obj or ()),
        bids=bids,
    )
    if pipeline == "all":
        from neurodecode.workflow.run_all import run_all

        raise typer.Exit(run_all(request))
    raise typer.Exit(run_pipeline(request))


@app.command()
def runs(
    folder: Annotated[Path, typer.Argument(help="Where to look.")] = Path("reports"),
    page: Annotated[bool, typer.Option("--html", help="Also write index.html there.")] = False,
) -> None:
    """Table of all runs."""
    from neurodecode.workflow.tables import show_runs

    show_runs(folder, page=page)


@app.command()
def report(run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")]) -> None:
    """Build the report of a run again, from its artefacts."""
    from neurodecode.workflow.run import rebuild_report

    typer.echo(rebuild_report(run))


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    second: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    model: Annotated[
        str | None, typer.Option(help="Decoder to compare [default: each run's main one].")
    ] = None,
) -> None:
    """Paired statistics between two runs, over the subjects both have."""
    from neurodecode.workflow.tables import show_comparison

    show_comparison(first, second, model)


@app.command()
def meta(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders.")],
    model: Annotated[
        str | None, typer.Option(help="Decoder to compare [default: the first run's main one].")
    ] = None,
    out: Annotated[Path, typer.Option(help="HTML file to write.")] = Path("reports/meta.html"),
) -> None:
    """Combine the comparisons of several runs over their data sets, on one page."""
    from neurodecode.report.meta import write_meta

    typer.echo(write_meta(runs, out, model))


@app.command()
def predict(
    decoder: DecoderFolder,
    recording: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT", help="Recording that MNE reads, or what the decoder's card names."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Parquet file.")] = Path(
        "predictions.parquet"
    ),
    participant: Participant = None,
    events: Events = None,
    label: Label = None,
    montage: Montage = None,
    drop_extra: DropExtra = False,
    top: Top = 5,
) -> None:
    """Decode a recording, or a file of another kind, with a decoder that a run left."""
    from neurodecode.decoders.commands import Input, predict_file

    chosen = Input(decoder, participant, events, label, montage, drop_extra, top)
    predict_file(chosen, recording, out)


@app.command()
def stream(
    decoder: DecoderFolder,
    replay: Annotated[Path | None, typer.Option(help="Recording to replay.")] = None,
    lsl: Annotated[str | None, typer.Option(help="Name of an LSL signal stream.")] = None,
    markers: Annotated[
        str | None, typer.Option(help="Name of the LSL marker stream [default: the only one].")
    ] = None,
    cue: Annotated[
        list[str] | None,
        typer.Option(help="LSL marker that begins a trial; repeatable [default: the classes]."),
    ] = None,
    unit: Annotated[
        str | None, typer.Option(help="Of LSL samples, where the stream does not say.")
    ] = None,
    speed: Annotated[
        str, typer.Option(help="Of the replay: 1 is real time, max as fast as possible.")
    ] = "1",
    chunk: Annotated[float, typer.Option(min=0.001, help="Of the replay, s.")] = 0.1,
    jitter: Annotated[float, typer.Option(min=0.0, help="Of the replay, s.")] = 0.0,
    calibrate: Annotated[
        Path | None, typer.Option(help="Recording of somebody the decoder does not know.")
    ] = None,
    trials: Annotated[int | None, typer.Option(min=1, help="Stop after so many.")] = None,
    held: Annotated[
        float, typer.Option(min=0.1, help="s of signal kept for a decoder that is too slow.")
    ] = 10.0,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Parquet file.")] = None,
    participant: Participant = None,
    events: Events = None,
    label: Label = None,
    montage: Montage = None,
    drop_extra: DropExtra = False,
    top: Top = 5,
) -> None:
    """Decode trials while they happen, from a replayed recording or an LSL stream."""
    from neurodecode.decoders.commands import Input, Live, parse_speed, stream_trials

    chosen = Input(decoder, participant, events, label, montage, drop_extra, top)
    live = Live(
        replay, lsl, markers, unit, parse_speed(speed), chunk, jitter, calibrate, trials,
        tuple(cue or ()), held,
    )  # fmt: skip
    stream_trials(chosen, live, out)


@app.command()
def export(
    decoder: DecoderFolder,
    out: Annotated[Path, typer.Option("--out", "-o", help="ONNX file.")] = Path("model.onnx"),
    participant: Annotated[
        str | None,
        typer.Option(help="One of the training, built in [default: an input of the file]."),
    ] = None,
) -> None:
    """Write the network of a decoder as ONNX, and check that it answers as PyTorch does."""
    from neurodecode.decoders.commands import export_file

    export_file(decoder, out, participant)


@app.command()
def init(folder: Annotated[Path, typer.Argument(metavar="DIR")]) -> None:
    """Lay editable copies of pipelines, experiments and catalogue cards in a folder."""
    from neurodecode.workflow.project import init_project

    for path in init_project(folder):
        typer.echo(path)


@app.command()
def schema(pipeline: PipelineName) -> None:
    """Print the JSON schema of a pipeline's experiment files, for editors."""
    from neurodecode.workflow.tables import json_schema

    typer.echo(json_schema(pipeline))


@app.command(hidden=True)
def step(rule: str, name: str, folder: Annotated[Path, typer.Option()] = Path()) -> None:
    """Run one job in its run folder; called by the Snakemake rules."""
    from neurodecode.workflow.step import run_step

    raise typer.Exit(run_step(folder, rule, name))


@data.command("list")
def data_list(
    paradigm: Annotated[
        str | None, typer.Option(help="Only this paradigm, as imagery or ssvep.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also MOABB data sets without a card.")
    ] = False,
) -> None:
    """Data sets, with size, licence and whether they are here."""
    from neurodecode.workflow.tables import show_datasets

    show_datasets(paradigm, every)


@data.command("info")
def data_info(name: str) -> None:
    """Everything known about one data set."""
    from neurodecode.workflow.tables import show_card

    show_card(name)


@data.command("fetch")
def data_fetch(name: str, subject: Subjects = None) -> None:
    """Download a data set, or check that it is here, and write its manifest."""
    from neurodecode.workflow.tables import fetch_dataset

    fetch_dataset(name, subject)


@data.command("import")
def data_import(
    name: str,
    folder: Annotated[Path, typer.Argument(help="Where the downloaded files are.")],
) -> None:
    """Lay files that you already have where the loaders expect them."""
    from neurodecode.workflow.tables import import_files

    import_files(name, folder)


@data.command("check", cls=SettingsCommand)
def data_check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Your study.")],
    pipeline: Annotated[str, typer.Option("--for", metavar="PIPELINE", help="Who shall read it.")],
    experiment: Annotated[
        str | None, typer.Option(help="Name, or path of a YAML file [default: own_study].")
    ] = None,
    overrides: Settings = None,
    config_out: Annotated[
        Path | None,
        typer.Option(help="Experiment file to write [default: ./STUDY_PIPELINE.yaml]."),
    ] = None,
) -> None:
    """What a folder of yours has and lacks, which splits it allows, what a run costs.

    Nothing is run. Writes an experiment file that `neurodecode run PIPELINE FILE` takes.
    """
    from neurodecode.workflow.own_data import check_study

    raise typer.Exit(check_study(folder, pipeline, experiment, overrides or (), config_out))


@data.command("verify")
def data_verify(name: str) -> None:
    """Compare every file with the sha256 in its manifest."""
    from neurodecode.workflow.tables import verify_dataset

    raise typer.Exit(verify_dataset(name))
