"""`report`: how a training run went, as a page. Needs the extra `train`."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from muzero_engine.commands.common.run_words import run_title
from muzero_engine.commands.common.texts import PAGE_BEGINS, FilledPath, PagePath
from muzero_engine.commands.common.training import require_training_libraries, training_errors
from muzero_engine.files import page_mark, read_beginning, read_limited
from muzero_engine.training.settings_text import from_json


@click.command()
@click.argument("folder", metavar="RUN", type=FilledPath(folder=True, exists=True))
@click.option("--out", type=PagePath(), help="The page  [RUN/report.html]")
@click.option("--png", type=FilledPath(folder=True), help="Also each chart as a PNG file in here")
@click.option("--title", help="Of the page")
def report(folder: Path, out: Path | None, png: Path | None, title: str | None) -> None:
    """Draw the curves of a run as one page (HTML).

    It needs nothing beside it. The curves begin with those of the network that the run began with, where its bundle
    has them.

    \b
    Examples:
      muzero-engine report runs/ttt
      muzero-engine report runs/ttt --png pictures
    """
    with training_errors():
        require_training_libraries("torch", "matplotlib")
        from muzero_engine.training.report.history import history
        from muzero_engine.training.report.report import write_report
        from muzero_engine.training.report.run_metrics import METRICS_FILE, MOST_BYTES

        records = history(folder)
        if not records:
            raise click.ClickException(f"{folder / METRICS_FILE} holds no cycle yet")
        page = out or folder / "report.html"
        if out is None and page.exists() and page_mark("match").encode() in read_beginning(page, PAGE_BEGINS):
            raise click.ClickException(f"{page} is of a match: name another page by --out")
        run = hashlib.sha256(read_limited(folder / METRICS_FILE, MOST_BYTES).partition(b"\n")[0]).hexdigest()
        write_report(records, title or _title(folder), page, png, run=run)
    click.echo(str(page))


def _title(folder: Path) -> str:
    """Return what the report of a run is called."""
    try:
        config = from_json(read_limited(folder / "config.json", 1 << 20).decode())
        return f"{run_title(config)}: {folder.name}"
    except (OSError, ValueError):
        return f"Training run {folder.name}"
