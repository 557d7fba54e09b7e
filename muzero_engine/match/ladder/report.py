"""What a ladder found out: lines for people, a Markdown table for the README, entries for the weights' manifest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from muzero_engine.files import write_atomically
from muzero_engine.games.record import GameRecord
from muzero_engine.inference.bundle import read_manifest
from muzero_engine.inference.manifest import MANIFEST, Rating
from muzero_engine.match.ladder.ladder import BadLadder, LadderSettings, fault_lines, placing_of, rated_games
from muzero_engine.match.ladder.opponents import Ladder
from muzero_engine.match.ladder.placing import Placing
from muzero_engine.match.results.standings import Standings, count_results, rated_standings
from muzero_engine.match.results.statistics import Tally
from muzero_engine.match.results.tables import aligned, elo_text, score_text
from muzero_engine.ratings import PlayerRating, fit_ratings

WHOLE = "the ladder"
HEADINGS = ("Elo", "opponent", "+-", "games", "score", "won", "drawn", "lost")


def progress_line(ladder: Ladder, settings: LadderSettings, games: Sequence[GameRecord]) -> str:
    """Games so far and the rating they give."""
    placing = placing_of(ladder, settings, games)
    done = f"{len(rated_games(games, settings.engine))}/{settings.games} games"
    return done if placing is None else f"{done}: {rating_text(placing)}"


def rating_text(placing: Placing) -> str:
    """A rating and its interval: "1655 +-52"."""
    return f"{placing.rating.elo:.0f} +-{placing.rating.error:.0f}"


def opponent_rows(ladder: Ladder, settings: LadderSettings, games: Sequence[GameRecord]) -> list[tuple[str, ...]]:
    """What `HEADINGS` names for each opponent that was met, strongest first; results are the engine's."""
    placing = placing_of(ladder, settings, games)
    if placing is None:
        return []
    fixed = {yardstick.name for yardstick in ladder.yardsticks if yardstick.fixed}
    rows = []
    for name, tally in _tallies(settings, games).items():
        rating = placing.ratings.players[name]
        error = "fixed" if name in fixed else f"{rating.error:.0f}"
        results = (str(tally.wins), str(tally.draws), str(tally.losses))
        rows.append((rating.elo, (f"{rating.elo:.0f}", name, error, str(tally.games), score_text(tally), *results)))
    return [row for _, row in sorted(rows, key=lambda entry: -entry[0])]


def text_report(ladder: Ladder, settings: LadderSettings, games: Sequence[GameRecord]) -> str:
    """The rating, results against each opponent, and games that were lost by faults."""
    placing = placing_of(ladder, settings, games)
    if placing is None:
        return "no games yet"
    lines = aligned([HEADINGS, *opponent_rows(ladder, settings, games)])
    return "\n".join([_headline(ladder, settings, games, placing), *lines, *fault_lines(games, settings.engine)])


def markdown_report(ladder: Ladder, settings: LadderSettings, games: Sequence[GameRecord]) -> str:
    """The same in Markdown, for the README."""
    placing = placing_of(ladder, settings, games)
    if placing is None:
        return ""
    marks = ("-:", "-", *["-:"] * (len(HEADINGS) - 2))
    rows = (HEADINGS, marks, *opponent_rows(ladder, settings, games))
    table = "\n".join("|" + "|".join(row) + "|" for row in rows)
    faults = "".join(f"\n- {line}" for line in fault_lines(games, settings.engine))
    return f"{_headline(ladder, settings, games, placing)}\n\n{table}\n" + (f"{faults}\n" if faults else "")


def ladder_standings(ladder: Ladder, settings: LadderSettings, games: Sequence[GameRecord]) -> Standings:
    """The engine and the opponents it met, for the page and the pictures. Raises BadLadder without a game."""
    placing = placing_of(ladder, settings, games)
    if placing is None:
        raise BadLadder("no games were played yet")
    rated = rated_games(games, settings.engine)
    players = [settings.engine, *_tallies(settings, games)]
    fixed = {yardstick.name for yardstick in ladder.yardsticks if yardstick.fixed}
    return rated_standings(rated, players, placing.ratings, fixed)


def manifest_ratings(
    ladder: Ladder, settings: LadderSettings, games: Sequence[GameRecord], hardware: str
) -> tuple[Rating, ...]:
    """The place on the ladder, then the difference to each opponent that was met. `hardware` is told with each."""
    placing = placing_of(ladder, settings, games)
    if placing is None:
        return ()
    played = rated_games(games, settings.engine)
    conditions = f"{settings.text()}; {hardware}; {ladder.opening_plies} random plies first"
    scale = f"{_mark(ladder)}rating where {ladder.scale}; +-{placing.own_error:.0f} were the opponents' ratings exact"
    found = [_rating(placing.rating, WHOLE, len(played), f"{scale}; {conditions}")]
    for name, tally in _tallies(settings, games).items():
        results = count_results(game for game in played if name in (game.first, game.second))
        # half a game won and half one lost keep the difference finite
        fit = fit_ratings(results, {name: 0.0}, prior_games=1.0)
        told = f"{_mark(ladder)}+{tally.wins} ={tally.draws} -{tally.losses}; {conditions}"
        found.append(_rating(fit.players[settings.engine], name, tally.games, told))
    return tuple(found)


def write_manifest(folder: Path, ladder: Ladder, ratings: Sequence[Rating]) -> None:
    """Puts ratings into a bundle's manifest in place of what this ladder wrote before. Raises BadLadder, BadWeights."""
    manifest = read_manifest(folder)
    kept = tuple(rating for rating in manifest.ratings if not rating.conditions.startswith(_mark(ladder)))
    try:
        write_atomically(folder / MANIFEST, replace(manifest, ratings=(*ratings, *kept)).to_json().encode())
    except OSError as error:
        raise BadLadder(f"{folder / MANIFEST} cannot be written ({error.strerror}): use --no-manifest") from None


def _mark(ladder: Ladder) -> str:
    """Begins the conditions of what a ladder writes into a manifest."""
    return f"ladder of {ladder.label}: "


def _rating(rating: PlayerRating, opponent: str, games: int, conditions: str) -> Rating:
    return Rating(round(rating.elo, 1), round(rating.error, 1), opponent, games, conditions)


def _tallies(settings: LadderSettings, games: Sequence[GameRecord]) -> dict[str, Tally]:
    """The engine's results against each opponent, in the order in which they met."""
    played = rated_games(games, settings.engine)
    met = dict.fromkeys(game.second if game.first == settings.engine else game.first for game in played)
    return {name: Tally.of(played, settings.engine, name) for name in met}


def _headline(ladder: Ladder, settings: LadderSettings, games: Sequence[GameRecord], placing: Placing) -> str:
    first = placing.ratings.advantage
    count = len(rated_games(games, settings.engine))
    return (
        f"{settings.engine}, {ladder.label}: {rating_text(placing)} Elo ({ladder.scale}; +-{placing.own_error:.0f} "
        f"were the opponents' ratings exact), {count} games at {settings.text()}; moving first is worth "
        f"{elo_text(first.elo)} +-{first.error:.0f}"
    )
