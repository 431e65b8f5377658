"""`release audit`: what anybody could work out of published files."""

import json
from math import inf
from pathlib import Path
from typing import Any

import click

from tenants.insights.disclosure.auditor.process import audit_documents
from tenants.insights.disclosure.auditor.types import Audit, Unsound


@click.group("release")
def release_commands() -> None:
    """Look at releases as an outsider could."""


@release_commands.command("audit")
@click.argument(
    "files", metavar="FILE…", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--seconds", default=180.0, show_default=True, type=click.FloatRange(1, 3600), help="Time limit.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, with every hidden cell’s interval.")
def audit_command(files: tuple[Path, ...], seconds: float, as_json: bool) -> None:
    """Work out what the files together make known of hidden numbers. Exits with 1 when that is too much.

    Each FILE is a release’s document, or a list of them, as JSON. A publisher’s file also says what is sensitive and what
    each school knows; with published files alone every hidden count has to look as a sensitive one would.
    """
    documents = [document for file in files for document in _documents(file)]
    try:
        found = audit_documents(documents, seconds=seconds)
    except Unsound as told:
        raise click.ClickException(str(told)) from told
    click.echo(json.dumps(found.report(), indent=1, ensure_ascii=False) if as_json else _words(found))
    if not found.passed:
        raise click.exceptions.Exit(1)


def _documents(file: Path) -> list[dict[str, Any]]:
    try:
        content = json.loads(file.read_bytes())
    except ValueError as wrong:
        raise click.ClickException(f"{file} is not a JSON file: {wrong}") from wrong
    documents = content if isinstance(content, list) else [content]
    if not all(isinstance(document, dict) for document in documents):
        raise click.ClickException(f"{file} holds neither a release’s document nor a list of them.")
    return documents


def _words(found: Audit) -> str:
    looked = (
        f"{len(found.intervals):,} numbers that are not shown, {found.attackers} attackers,"
        f" {found.programs:,} linear programs, {found.seconds:.1f} s"
    )
    if found.passed:
        return f"Passed: nothing too close can be worked out ({looked})."
    lines = [f"NOT PASSED ({looked}):"]
    for problem in found.problems:
        high = "no upper bound" if problem.interval.high == inf else f"at most {problem.interval.high:g}"
        who = f" by {problem.attacker}" if problem.attacker else ""
        lines.append(f"  {problem.cell}{who}: {problem.what} (at least {problem.interval.low:g}, {high})")
    return "\n".join(lines)
