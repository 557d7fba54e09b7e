"""What a ladder found out: lines for people, a Markdown table for the README, entries for the weights' manifest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from muzero_engine.files import require_writable, write_atomically
from muzero_engine.games.record import GameRecord
from muzero_engine.inference.bundle import read_manifest
from muzero_engine.inference.manifest import MANIFEST, Manifest, Rating
from muzero_engine.match.ladder.ladder import BadLadder, LadderSettings, placing_of, rated_games
from muzero_engine.match.ladder.opponents import Ladder, own_player
from muzero_engine.match.ladder.placing import Placing, rung_ratings
from muzero_engine.match.results.standings import Standings, rated_standings
from muzero_engine.match.results.statistics import HeadToHead, Tally
from muzero_engine.match.results.tables import aligned, elo_text, error_text, fault_lines, points_text, stalled_lines
from muzero_engine.ratings import PlayerRating, fit_ratings

WHOLE = "the ladder"
FEW_GAMES = 50  # with fewer the report says that they are few
WIDEST_POLICY = 150.0  # Elo; of the policy alone no rating is told that is known worse
HEADINGS = ("Elo", "opponent", "+-", "games", "score", "won", "drawn", "lost")


def progress_line(ladder: Ladder, settings: LadderSettings, games: Sequence[GameRecord]) -> str:
    """Write how many games there are so far and the rating that they give."""
    placing = placing_of(ladder, settings, games)
    done = f"{len(rated_games(games, settings.engine))}/{settings.games} games"
    return done if placing is None else f"{done}: {rating_text(placing)}"


def rating_text(placing: Placing) -> str:
    """Write a rating and its interval: "1655 +-52"."""
    return f"{placing.rating.elo:.0f} +-{placing.rating.error:.0f}"


def opponent_rows(ladder: Ladder, settings: LadderSettings, games: Sequence[GameRecord]) -> list[tuple[str, ...]]:
    """Return what `HEADINGS` names for each opponent that was met, strongest first; results are the engine's."""
    placing = placing_of(ladder, settings, games)
    if placing is None:
        return []
    fixed = {opponent.name for opponent in ladder.opponents if opponent.fixed}
    rows = []
    for name, results in _results(settings, games).items():
        rating = placing.ratings.players[name]
        counts = (str(results.wins), str(results.draws), str(results.losses))
        rows.append(
            (
                rating.elo,
                (
                    f"{rating.elo:.0f}",
                    name,
                    error_text(rating, fixed=name in fixed),
                    str(results.games),
                    points_text(results),
                    *counts,
                ),
            )
        )
    return [row for _, row in sorted(rows, key=lambda entry: -entry[0])]


def text_report(ladder: Ladder, settings: LadderSettings, games: Sequence[GameRecord]) -> str:
    """Write the rating, results against each opponent, and games that were lost by faults."""
    placing = placing_of(ladder, settings, games)
    if placing is None:
        return "no games yet"
    lines = aligned([HEADINGS, *opponent_rows(ladder, settings, games)])
    return "\n".join([_headline(ladder, settings, games, placing), *lines, *_notes(ladder, settings, games)])


def markdown_report(ladder: Ladder, settings: LadderSettings, games: Sequence[GameRecord]) -> str:
    """Write the same in Markdown, for a model card."""
    placing = placing_of(ladder, settings, games)
    if placing is None:
        return ""
    table = markdown_table([HEADINGS, *opponent_rows(ladder, settings, games)])
    notes = "".join(f"\n- {line}" for line in _notes(ladder, settings, games))
    return f"{_headline(ladder, settings, games, placing)}\n\n{table}\n" + (f"{notes}\n" if notes else "")


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Write a table whose first row names its columns, the second of which is text, the others numbers."""
    head, *body = rows
    marks = ("-:", "-", *["-:"] * (len(head) - 2))
    return "\n".join("|" + "|".join(row) + "|" for row in (head, marks, *body))


def ladder_standings(ladder: Ladder, settings: LadderSettings, games: Sequence[GameRecord]) -> Standings:
    """Return the standings of the engine and the opponents that it met. Raises BadLadder without a game."""
    placing = placing_of(ladder, settings, games)
    if placing is None:
        raise BadLadder("no games were played yet")
    rated = Tally(rated_games(games, settings.engine))
    players = [settings.engine, *_results(settings, games)]
    fixed = {opponent.name for opponent in ladder.opponents if opponent.fixed}
    return rated_standings(rated, players, placing.ratings, fixed)


def manifest_ratings(
    ladder: Ladder, settings: LadderSettings, games: Sequence[GameRecord], hardware: str
) -> tuple[Rating, ...]:
    """Return the place on the ladder, then the difference to each opponent that was met, with `hardware` in each."""
    placing = placing_of(ladder, settings, games)
    if placing is None:
        return ()
    played = rated_games(games, settings.engine)
    conditions = f"{settings.text()}; {hardware}; {ladder.opening_plies} random plies first"
    ratings = [_rating(placing.rating, WHOLE, len(played), whole_conditions(ladder, placing, conditions))]
    for name, results in _results(settings, games).items():
        between = Tally(played).results((settings.engine, name))
        # half a game won and half one lost keep the difference finite
        fit = fit_ratings(between, {name: 0.0}, prior_games=1.0)
        text = f"{ladder_mark(ladder)}+{results.wins} ={results.draws} -{results.losses}; {conditions}"
        ratings.append(_rating(fit.players[settings.engine], name, results.games, text))
    return tuple(ratings)


def manifest_of(folder: Path, network: str) -> Manifest:
    """Return the manifest of a bundle. Raises BadWeights, and BadLadder where it is not of the network of this digest,
    which games were played with."""
    manifest = read_manifest(folder)
    if manifest.networks_digest() != network:
        raise BadLadder(f"{folder} has another network by now than these games were begun with: its manifest stays")
    return manifest


def require_writable_manifest(folder: Path) -> None:
    """Raise BadLadder where the manifest of a bundle cannot be written: before games are played for it."""
    try:
        require_writable(folder)
    except OSError as error:
        raise BadLadder(f"{folder / MANIFEST} cannot be written: {error.strerror or error}; copy the folder") from None


def put_ratings(
    folder: Path, ladder: Ladder, ratings: Sequence[Rating], network: str, *, replaced: bool = False
) -> None:
    """Put ratings, the whole ladder's first, into a bundle's manifest in place of what this ladder wrote before.

    Raises what `manifest_of` does, and BadLadder where the rating in the manifest is on the same scale and known
    better than the new one, unless it is to be `replaced` all the same.
    """
    if not ratings:
        raise BadLadder("no games were rated")
    manifest = manifest_of(folder, network)
    for old in () if replaced else manifest.ratings:
        if old.opponent == WHOLE and old.conditions.startswith(_scale_text(ladder)) and old.error < ratings[0].error:
            raise BadLadder(
                f"the manifest of {folder} keeps its rating, {_manifest_text(old)}, which is known better than "
                f"{_manifest_text(ratings[0])}: play more games (--games)"
            )
    kept = tuple(rating for rating in manifest.ratings if not rating.conditions.startswith(ladder_mark(ladder)))
    try:
        write_atomically(folder / MANIFEST, replace(manifest, ratings=(*ratings, *kept)).to_json().encode())
    except OSError as error:
        raise BadLadder(f"{folder / MANIFEST} cannot be written: {error.strerror}") from None


def _manifest_text(rating: Rating) -> str:
    return f"{rating.elo:.0f} +-{rating.error:.0f} after {rating.games} games"


def policy_line(ladder: Ladder, settings: LadderSettings) -> list[str]:
    """Return a line on the policy alone, one simulation a move, if the network played enough so among the rungs."""
    rating = rung_ratings(ladder).players.get(own_player(ladder, 1, 0.0, settings.weights).name)
    if rating is None or rating.error > WIDEST_POLICY:
        return []
    return [
        f"one simulation a move, the policy alone: {rating.elo:.0f} +-{rating.error:.0f}, from games among the rungs"
    ]


def _notes(ladder: Ladder, settings: LadderSettings, games: Sequence[GameRecord]) -> list[str]:
    """Return what is told below the table of opponents."""
    faults = fault_lines(games, settings.engine)
    return [*policy_line(ladder, settings), *faults, *stalled_lines(games), *_few_games(settings, games)]


def _few_games(settings: LadderSettings, games: Sequence[GameRecord]) -> list[str]:
    count = len(rated_games(games, settings.engine))
    if count >= FEW_GAMES:
        return []
    return [f"{count} games are few: the rating may move by hundreds of Elo; play on (--games 200)"]


def ladder_mark(ladder: Ladder) -> str:
    """Return how the conditions of what a ladder writes into a manifest begin."""
    return f"ladder of {ladder.label}: "


def whole_conditions(ladder: Ladder, placing: Placing, conditions: str) -> str:
    """Return what a manifest says beside the rating on the ladder: the scale, both intervals, how it was played."""
    return f"{_scale_text(ladder)}+-{placing.own_error:.0f} within its opponents; {conditions}"


def _scale_text(ladder: Ladder) -> str:
    return f"{ladder_mark(ladder)}rating where {ladder.scale}; "


def _rating(rating: PlayerRating, opponent: str, games: int, conditions: str) -> Rating:
    return Rating(round(rating.elo, 1), round(rating.error, 1), opponent, games, conditions)


def _results(settings: LadderSettings, games: Sequence[GameRecord]) -> dict[str, HeadToHead]:
    """Return the engine's results against each opponent, in the order in which they met."""
    played = rated_games(games, settings.engine)
    met = dict.fromkeys(game.second if game.first == settings.engine else game.first for game in played)
    return {name: HeadToHead.of(played, settings.engine, name) for name in met}


def _headline(ladder: Ladder, settings: LadderSettings, games: Sequence[GameRecord], placing: Placing) -> str:
    first = placing.ratings.advantage
    count = len(rated_games(games, settings.engine))
    return (
        f"{settings.engine}, {ladder.label}: {rating_text(placing)} Elo on the scale ({ladder.scale}), "
        f"+-{placing.own_error:.0f} within its opponents; {count} games at {settings.text()}; moving first is worth "
        f"{elo_text(first.elo)} +-{first.error:.0f}"
    )
