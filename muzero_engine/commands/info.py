"""`info`: versions, machine and weights, for people and for bug reports."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from muzero_engine.commands.common.machine import machine, versions
from muzero_engine.games.registry import game_names, load_game
from muzero_engine.inference.bundle import default_weights_dir, load_bundle
from muzero_engine.inference.manifest import BadWeights


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text")
def info(as_json: bool) -> None:
    """Show versions, where networks can run, and the weights."""
    bundles = [_bundle(game) for game in game_names()]
    document = {"versions": versions(), "machine": machine(), "weights": bundles}
    if as_json:
        click.echo(json.dumps(document, indent=2))
        return
    click.echo("\n".join(f"{name:14} {version}" for name, version in versions().items()))
    click.echo()
    for name, value in machine().items():
        click.echo(f"{name:14} {', '.join(value) if isinstance(value, list) else value}")
    for bundle in bundles:
        click.echo()
        click.echo("\n".join(_bundle_lines(bundle)))


def _bundle(game: str) -> dict[str, Any]:
    """A game's default weights: folder, then `error` or what the manifest says. Every file's hash is checked."""
    folder = default_weights_dir(game)
    entry: dict[str, Any] = {"game": game, "folder": str(folder)}
    try:
        manifest = load_bundle(folder, load_game(game).spec).manifest
    except BadWeights as error:
        return entry | {"error": str(error)}
    return entry | {
        "summary": manifest.summary(),
        "trained": not manifest.training.untrained,
        "bytes": sum(file.size for name, file in manifest.files.items() if (folder / name).exists()),
        "manifest": asdict(manifest),
    }


def _bundle_lines(bundle: dict[str, Any]) -> list[str]:
    lines = [f"{bundle['game']:14} {bundle['folder']}"]
    if "error" in bundle:
        return [*lines, f"{'':14} {bundle['error']}"]
    manifest = bundle["manifest"]
    lines.append(f"{'':14} {bundle['summary']}")
    lines.append(f"{'':14} {bundle['bytes'] / (1 << 20):.2f} MiB")
    lines.extend(
        f"{'':14} {rating['elo']:+.0f} +-{rating['error']:.0f} Elo against {rating['opponent']} "
        f"({rating['games']} games, {rating['conditions']})"
        for rating in manifest["ratings"]
    )
    return lines
