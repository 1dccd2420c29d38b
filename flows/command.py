"""The ``claimsweep`` command: arguments in, sentences or one JSON document out."""

from __future__ import annotations

import os
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from billing.errors import ClaimsweepError
from flows import journal
from flows.alerts_command import alerts
from flows.appeal_command import appeal
from flows.audit_command import audit
from flows.backup_command import backup, restore, restored
from flows.console_command import console
from flows.deploy_command import deploy
from flows.doctor_command import doctor
from flows.edi_command import edi
from flows.eligibility_command import eligibility
from flows.entering import code, policy
from flows.eob_command import eob
from flows.evidence_command import evidence
from flows.export_command import export as export_verbs
from flows.keys_command import keys
from flows.ledger_command import ledger
from flows.options import (
    COULD_NOT,
    DONE,
    FINDINGS,
    AsJson,
    Exports,
    Home,
    Mappings,
    Profiles,
    print_json,
    settings_in_force,
)
from flows.patient_command import patient
from flows.postings_command import postings
from flows.profile_command import profile
from flows.progress import watching
from flows.reconcile_command import reconcile
from flows.report_command import report
from flows.retention_command import retention
from flows.rules_command import rules
from flows.stopping import stop_as_control_c_does
from flows.terminal import harmless_streams
from flows.unattended_command import unattended

INTERRUPTED = 130  # what the command line makes of a ctrl-C

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
app.add_typer(eob, name="eob", help="Read EOB documents.")
app.add_typer(edi, name="edi", help="Read and write X12 files.")
app.add_typer(export_verbs, name="export", help="How exports are read, and what goes back.")
app.add_typer(profile, name="profile", help="Check payer profiles.")
app.add_typer(evidence, name="evidence")
app.add_typer(keys, name="keys")
app.add_typer(ledger, name="ledger")
app.add_typer(postings, name="postings")
app.add_typer(audit, name="audit")
app.add_typer(retention, name="retention")
app.add_typer(patient, name="patient")
app.add_typer(policy, name="policy", help="What may run tonight, and stopped accounts.")
app.command()(code)
app.command()(rules)
app.command()(alerts)


@app.callback()
def claimsweep() -> None:
    """Checks unpaid claims on payer portals, reads the EOBs, and proves every figure.

    Exit codes: 0 done, 1 done with something to look at, 2 could not.
    """


@app.command()
def sweep(
    export: Exports,
    payer: Annotated[str | None, typer.Option(help="Only this payer's claims.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many claims a payer.")
    ] = None,
    ask_all: Annotated[
        bool, typer.Option("--all", help="Also ask about claims that cannot have changed.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Where the files go.")] = None,
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
    mappings: Mappings = None,
) -> None:
    """Check every claim of the exports on its payer's portal and write the results.

    The same call again on the same day resumes where the last one stopped, and changes nothing
    once it is done. A claim that an earlier day's answer says waits until a later day, or is paid
    and posted, keeps that answer, and the results say so: "not asked: due on …".

    Example: claimsweep sweep --export aging.csv --export medicaid.xlsx
    """
    from console.summary import summary, totals
    from flows.run import run_sweep

    settings = settings_in_force(home, profiles, mappings)
    with watching(quiet=as_json) as watch:
        swept = run_sweep(
            settings, export, payer=payer, limit=limit, ask_all=ask_all, out=out, watch=watch
        )
    if as_json:
        print_json(
            {
                "sweep": swept.report.sweep_id,
                "resumed": swept.resumed,
                **totals(swept.report),
                "seconds": round(swept.seconds, 1),
                "files": swept.files,
                "answers": swept.files["answers (JSON)"],
            }
        )
    else:
        sys.stdout.write(summary(swept.report, swept.files, color=sys.stdout.isatty()))
    if not swept.useful:
        raise typer.Exit(COULD_NOT)
    if swept.report.payer_notes:
        raise typer.Exit(FINDINGS)


app.command()(eligibility)
app.command()(appeal)
app.command()(console)
app.command()(reconcile)
app.command()(deploy)
app.command()(unattended)


@app.command()
def check(
    claim_id: str,
    export: Exports,
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
    mappings: Mappings = None,
) -> None:
    """Check one claim now and say what its payer says.

    Example: claimsweep check 00012345 --export aging.csv
    """
    from console.answers import answers
    from console.summary import one_claim
    from flows.run import run_check

    settings = settings_in_force(home, profiles, mappings)
    with watching(quiet=as_json) as watch:
        swept = run_check(settings, claim_id, export, watch=watch)
    if as_json:
        print_json({"seconds": round(swept.seconds, 1), "answers": answers(swept.report)})
    else:
        sys.stdout.write(one_claim(swept.report, color=sys.stdout.isatty()))
    if not swept.useful:
        raise typer.Exit(COULD_NOT)


@app.command()
def canary(
    payer: Annotated[str | None, typer.Argument(help="Default: every payer with one.")] = None,
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
) -> None:
    """Ask each portal about its canary: a claim whose answer is known.

    A sweep does so too, before it asks about anything else. Exit 1 when one is red: its portal
    reads otherwise than its profile thinks; 2 when a portal could not be asked.

    Example: claimsweep canary acme
    """
    from flows.canaries import run_canaries

    results = run_canaries(settings_in_force(home, profiles), payer)
    if as_json:
        print_json({"canaries": [asdict(result) for result in results]})
    else:
        sys.stdout.write("".join(f"{r.colour:<5} {r.sentence}\n" for r in results))
    colours = {result.colour for result in results}
    if colours != {"green"}:
        raise typer.Exit(FINDINGS if "red" in colours else COULD_NOT)


app.command()(report)


app.command()(doctor)
app.command()(backup)
app.command()(restore)
app.command()(restored)


@app.command()
def demo(
    claims: Annotated[int, typer.Option(min=10, help="Claims per simulated payer.")] = 16,
    seed: Annotated[int, typer.Option(help="Another seed, other people and claims.")] = 1,
) -> None:
    """Sweep five simulated payers from their sample exports, and show what a morning looks like.

    Example: claimsweep demo
    """
    from flows.demo import run_demo

    raise typer.Exit(run_demo(claims=claims, seed=seed))


@app.command(
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],
    }
)
def sandbox(context: typer.Context) -> None:
    """Simulated payers: serve | export DIR | schedule FILE | truth | documents DIR | deposits DIR.

    Example: claimsweep sandbox serve --seed 1 --claims 200
    """
    portals = [sys.executable, "-m", "sandbox", *context.args]
    os.execv(sys.executable, portals)  # noqa: S606 - a signal must reach the portals themselves


def main() -> None:
    """Run the command; a refusal is one sentence and exit code 2, never a traceback."""
    os.umask(0o077)
    journal.begin()
    stop_as_control_c_does()
    with harmless_streams():
        _run()


def _run() -> None:
    try:
        code = app(standalone_mode=False)
    except ClaimsweepError as error:
        _refuse(str(error))
    except (typer.Abort, KeyboardInterrupt):
        _refuse("Stopped; run the same command again to go on.")
    except Exception as error:
        if hasattr(error, "format_message"):  # a usage error of the command line
            _refuse(f"{error.format_message()} Try 'claimsweep --help'.")
        _refuse(f"Unexpected {type(error).__name__}; where it happened is in {log_of(error)}.")
    else:
        if code == INTERRUPTED:
            _refuse("Stopped; run the same command again to go on.")
        sys.exit(code if isinstance(code, int) else DONE)


def _refuse(sentence: str) -> None:
    if "--json" in sys.argv:
        print_json({"error": sentence})
    sys.stderr.write(f"{sentence}\n")
    sys.exit(COULD_NOT)


def log_of(error: BaseException) -> Path:
    """Where the error happened, without its text, which may hold what must not be kept."""
    path = Path.cwd() / "claimsweep-error.log"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"{frame.filename}:{frame.lineno} in {frame.name}\n" for frame in frames]
    text = f"{type(error).__name__}\n{''.join(lines)}"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError:  # a full disk may be what happened
        sys.stderr.write(text)
        return Path("the lines above")
    return path
