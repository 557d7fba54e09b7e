"""`info`: versions, machine and weights, for people and for bug reports."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from muzero_engine.commands.common.machine import machine, versions
from muzero_engine.commands.common.texts import FilledText
from muzero_engine.dataclass_json import to_data
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.files import expanded
from muzero_engine.games.registry import UnknownGame, game_names, load_game
from muzero_engine.inference.bundle import default_weights_dir, default_weights_dirs, load_bundle
from muzero_engine.inference.manifest import BadWeights, Rating
from muzero_engine.inference.session import accelerator_advice, available_backends
from muzero_engine.match.results.tables import aligned

COLUMN = 15  # where values begin
RESULT = re.compile(r"\+(\d+) =(\d+) -(\d+)")  # in the conditions of a rating
CONDITIONS = 3  # parts at the end of a rating's conditions that are those of its ladder: clock, machine, openings


@click.command()
@click.option(
    "--weights", "folders", type=FilledText(), multiple=True, metavar="DIR", help="Only these weights (again for more)"
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text")
def info(folders: tuple[str, ...], as_json: bool) -> None:
    """Show versions, where networks can run, and the weights.

    \b
    Examples:
      muzero-engine info --json
      muzero-engine info --weights runs/cartpole/weights
    """
    bundles = [_bundle(expanded(folder)) for folder in folders] if folders else _shipped()
    document = {"versions": versions(), "machine": machine(), "weights": bundles}
    if as_json:
        click.echo(json.dumps(document, indent=2))
    else:
        _show(bundles)
    if folders and any("error" in bundle for bundle in bundles):
        raise click.exceptions.Exit(1)


def _show(bundles: Sequence[dict[str, Any]]) -> None:
    facts = versions() | {
        name: ", ".join(value) if isinstance(value, list) else str(value) for name, value in machine().items()
    }
    advice = accelerator_advice(available_backends())
    facts |= {} if advice is None else {"graphics card": advice}
    click.echo("\n".join(f"{name:{COLUMN}}{value}" for name, value in facts.items()))
    for bundle in bundles:
        click.echo()
        click.echo("\n".join(_bundle_lines(bundle)))


def _shipped() -> list[dict[str, Any]]:
    """Return the default weights of the games, and of the environments that have any."""
    folders = {game: default_weights_dir(game) for game in game_names()}
    others = [folder for folder in default_weights_dirs() if folder not in folders.values()]
    return [_bundle(folder, game) for game, folder in folders.items()] + [_bundle(folder) for folder in others]


def _bundle(folder: Path, game: str | None = None) -> dict[str, Any]:
    """Return the weights in a folder, which must be those of `game` if it is given: folder, then `error` or what the
    manifest says. Every file's hash is checked."""
    entry: dict[str, Any] = {"game": game or "weights", "folder": str(folder)}
    try:
        manifest = load_bundle(folder, None if game is None else load_game(game).spec).manifest
    except (BadWeights, UnknownGame) as error:
        return entry | {"error": str(error)}
    return entry | {
        "game": manifest.game,
        "summary": manifest.summary(),
        "trained": not manifest.training.untrained,
        "bytes": sum(file.size for name, file in manifest.files.items() if (folder / name).exists()),
        "manifest": to_data(manifest),
    }


def _bundle_lines(bundle: dict[str, Any]) -> list[str]:
    name = bundle["game"]
    lines = [f"{name:{COLUMN}}{bundle['folder']}"] if len(name) < COLUMN else [name, f"  {bundle['folder']}"]
    if "error" in bundle:
        return [*lines, *_indented(bundle["error"])]
    lines += _indented(f"{bundle['bytes'] / (1 << 20):.2f} MiB; {bundle['summary']}")
    if bundle["manifest"].get("environment") is not None:
        lines += _environment_lines(bundle["manifest"]["environment"])
    lines += _rating_lines([Rating(**rating) for rating in bundle["manifest"]["ratings"]])
    return lines + _level_lines(bundle["manifest"]["levels"])


def _environment_lines(environment: dict[str, Any]) -> list[str]:
    """Return what an environment is like, and how it was made for training."""
    spec, settings, returns = environment["spec"], environment["settings"], environment["returns"]
    usual = to_data(EnvironmentSettings(id=settings["id"]))
    made = "".join(f", {name} {value}" for name, value in settings.items() if value != usual[name])
    made += ", rewards clipped" if environment["clip_rewards"] else ""
    seen = "x".join(map(str, spec["shape"]))
    return _indented(
        f"environment: observations of {seen} ({spec['kind']}), {spec['actions']} actions, discount "
        f"{returns['discount']:g}, support {returns['support']}{made}"
    )


def _level_lines(table: dict[str, Any] | None) -> list[str]:
    """Return a line on the levels that were measured, if there are any."""
    if table is None:
        return []
    weakest, *_, strongest = table["levels"]
    return _indented(
        f"levels from {round(weakest['elo'])} +-{weakest['error']:.0f} to {round(strongest['elo'])} "
        f"+-{strongest['error']:.0f} Elo, {len(table['levels'])} of them measured ({table['scale']})"
    )


def _rating_lines(ratings: list[Rating]) -> list[str]:
    """Return a table for each set of ratings that were measured alike, below what their conditions have in common."""
    groups: dict[tuple[str, ...], list[Rating]] = {}
    for rating in ratings:
        groups.setdefault(tuple(rating.conditions.split("; ")[-CONDITIONS:]), []).append(rating)
    lines = []
    for common, members in groups.items():
        conditions = "; ".join(common)
        rows: list[tuple[str, ...]] = [("Elo", "opponent", "+-", "games", "won", "drawn", "lost")]
        for rating in sorted(members, key=lambda member: member.elo):  # the strongest opponent first
            own = rating.conditions.removesuffix(conditions).rstrip("; ")
            result = RESULT.search(own)
            if result is None:
                lines += _indented(f"{rating.elo:.0f} +-{rating.error:.0f} Elo after {rating.games} games, {own}")
            else:
                difference = f"{rating.elo:+.0f}"
                rows.append((difference, rating.opponent, f"{rating.error:.0f}", str(rating.games), *result.groups()))
        lines += _indented(conditions)
        lines += ["  " + row for row in aligned(rows)] if len(rows) > 1 else []
    return lines


def _indented(text: str) -> list[str]:
    """Return a text as lines of 80 columns at most, below the name of its game."""
    return textwrap.wrap(text, 80, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
