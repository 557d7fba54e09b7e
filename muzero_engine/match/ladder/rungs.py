"""What the rungs of a ladder scored against each other: data of the package, a file a ladder in `rungs/`.

The file holds counts, never ratings: those are fitted from it (`placing.rung_ratings`). Each entry says which games
were counted, on which machine and by which command. `players` says how each player was started and what it called
itself; results of a player that the ladder starts otherwise today do not count (`Rungs.usable`). Some players are on
no ladder: they only join rungs that cannot meet, or that are far from each other (this program's own networks, named
by a hash, which later ones replace).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from muzero_engine.dataclass_json import BadData, from_data, parse_json, to_data
from muzero_engine.files import make_folder, read_limited, text_bytes, write_atomically
from muzero_engine.match.ladder.opponents import Ladder, Opponent

FOLDER = Path(__file__).parent / "rungs"
MOST_BYTES = 1 << 20


class BadRungs(ValueError):
    """A file of rungs that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class RungPlayer:
    """How a player was started, and what it called itself."""

    start: str  # see `start_text`
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RungMatch:
    """The games between two players from the random openings of one seed, each opening with both colours."""

    upper: str  # who had half of the points or more
    lower: str
    wins: int  # of `upper`
    draws: int
    losses: int
    seed: int
    date: str  # of the last game, YYYY-MM-DD
    machine: str
    command: str

    @property
    def games(self) -> int:
        """Return how many games were counted."""
        return self.wins + self.draws + self.losses


@dataclass(frozen=True, slots=True)
class Rungs:
    """All that is known of the steps of a ladder."""

    players: Mapping[str, RungPlayer] = field(default_factory=dict)
    matches: Sequence[RungMatch] = ()

    def usable(self, ladder: Ladder) -> list[RungMatch]:
        """Return the matches whose players are started in the same way on this ladder today, or are not on it."""
        today = {opponent.name: start_text(opponent) for opponent in ladder.opponents}
        return [
            match
            for match in self.matches
            if all(self.players[name].start == today.get(name, self.players[name].start) for name in _names(match))
        ]

    def merged(self, other: Rungs) -> Rungs:
        """Return these with the matches of `other`, which replace those of the same players and seed.

        What was counted of a player that was started otherwise before goes.
        """
        players = dict(self.players) | dict(other.players)
        changed = {name for name, player in self.players.items() if players[name].start != player.start}
        for name, player in self.players.items():
            if name not in changed and not players[name].version:
                players[name] = player
        matches = {_key(match): match for match in self.matches if not changed.intersection(_names(match))}
        matches |= {_key(match): match for match in other.matches}
        kept = sorted(matches.values(), key=lambda match: (match.upper, match.lower, match.seed))
        met = {name for match in kept for name in _names(match)}
        return Rungs({name: players[name] for name in sorted(met)}, tuple(kept))


def start_text(opponent: Opponent) -> str:
    """Return how an opponent is started and what limits it, in one line: what makes its strength."""
    words = [opponent.program or "muzero-engine", *opponent.arguments] if opponent.program or opponent.arguments else []
    options = ", ".join(f"{name}={value}" for name, value in opponent.options)
    stones = f"{opponent.handicap} stones" if opponent.handicap else ""
    return " | ".join(part for part in (" ".join(words), options, opponent.control, stones) if part)


def rungs_file(ladder: Ladder) -> Path:
    """Return where the package keeps what is known of a ladder's rungs."""
    return FOLDER / f"{ladder.label.replace(' ', '-')}.json"


@cache
def shipped_rungs(label: str) -> Rungs:
    """Return what came along for the ladder of this label; nothing where no file did. Raises BadRungs."""
    path = FOLDER / f"{label.replace(' ', '-')}.json"
    return read_rungs(path) if path.exists() else Rungs()


def read_rungs(path: Path) -> Rungs:
    """Return what a file holds. Raises BadRungs."""
    try:
        rungs = from_data(_File, parse_json(read_limited(path, MOST_BYTES)), "it", complete=True)
    except OSError as error:
        raise BadRungs(f"{path} cannot be read: {error.strerror}") from None
    except BadData as error:
        raise BadRungs(f"{path} holds no rungs: {error}") from None
    except ValueError as error:
        raise BadRungs(f"{path} holds no rungs: it is no JSON ({error})") from None
    if unknown := {name for match in rungs.matches for name in _names(match)} - rungs.players.keys():
        raise BadRungs(f"{path} does not say how {min(unknown)} is started: add it to its players")
    return Rungs(rungs.players, rungs.matches)


def write_rungs(path: Path, rungs: Rungs) -> None:
    """Write a file that `read_rungs` reads, an entry a line. Raises OSError."""
    players = [f"    {json.dumps(name)}: {json.dumps(to_data(player))}" for name, player in rungs.players.items()]
    matches = [f"    {json.dumps(to_data(match))}" for match in rungs.matches]
    text = '{{\n  "players": {{\n{}\n  }},\n  "matches": [\n{}\n  ]\n}}\n'
    make_folder(path.parent)
    write_atomically(path, text_bytes(text.format(",\n".join(players), ",\n".join(matches))))


@dataclass(frozen=True, slots=True)
class _File:
    players: dict[str, RungPlayer]
    matches: tuple[RungMatch, ...]


def _names(match: RungMatch) -> tuple[str, str]:
    return match.upper, match.lower


def _key(match: RungMatch) -> tuple[frozenset[str], int]:
    return frozenset(_names(match)), match.seed
