"""The ladders: opponents of known or roughly known strength, how each is started, and how it is installed.

Ratings are on a scale of their own in each game, and where it is held is a convention. In chess Stockfish's skill
levels have the ratings of its authors (published with version 15.1, at long time controls near those of the CCRL's
blitz list), although 50 ms a move are given here; in Go level 10 of GNU Go has 1800, as on the servers of CGOS for each
size of the board; in shogi gpsshogi at depth 4 has 3970, near which engines play (uniformly random moves, which held
the scale at 0 until 2026-11-29, are some hundred Elo from there). The steps between the others come from games among
them (`rungs.py`); the figures below are what was supposed before, or still is.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from muzero_engine.match.settings.match_settings import ClientKind, EngineSettings, GameSettings, client_kind
from muzero_engine.match.settings.time_control import TimeControl

GAME_FOLDERS = ("/usr/games", "/usr/local/games")  # where Debian puts such programs, often not on the PATH
HANDICAP_KOMI = 0.5  # where stones are given
GNU_GO_RULES = (
    "--chinese-rules",
    "--positional-superko",
    "--capture-all-dead",
    "--play-out-aftermath",
    "--never-resign",
)


class UnknownLadder(ValueError):
    """A game or a board without a ladder; the message names those that have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opponent:
    """An opponent of known or roughly known strength, and how it is started."""

    name: str
    rating: float  # Elo on the ladder's scale, by the table; what was measured since is in `rungs.py`
    fixed: bool = False  # whether the rating is held
    program: str = ""  # looked for on the PATH and in `GAME_FOLDERS`; empty for what comes with this package
    arguments: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    control: str = "none"  # a time control's text
    handicap: int = 0  # Go: stones it has from the start, below 0 those it gives; who has them is black in every game
    install: str = ""  # a command line


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The opponents of a game, weakest first, and how games are played."""

    label: str  # "chess", "go 9x9"
    game: GameSettings
    scale: str  # what the ratings mean, one line
    opponents: tuple[Opponent, ...]
    opening_plies: int  # random moves before the engines take over
    own: tuple[tuple[int, float], ...] = ()  # simulations and rough rating of own players that join rungs

    def opponent(self, name: str) -> Opponent:
        """Return the opponent of this name. Raises KeyError."""
        return {opponent.name: opponent for opponent in self.opponents}[name]


@dataclass(frozen=True, slots=True)
class Missing:
    """Opponents that are not installed, and what installs them."""

    names: tuple[str, ...]
    install: str


def ladder_of(game: str, size: int | None = None) -> Ladder:
    """Return the ladder of a game; `size` is for Go and names the lines of the board. Raises UnknownLadder."""
    if game not in LADDERS:
        raise UnknownLadder(f"there is no ladder for {game}: choose one of {', '.join(LADDERS)}")
    if size is None:
        return LADDERS[game]
    if game != "go":
        raise UnknownLadder(f"{game} is played on one board: leave --size out")
    if size not in GO_SIZES:
        raise UnknownLadder(f"there is no ladder of Go for {size} lines: choose one of {', '.join(map(str, GO_SIZES))}")
    return _go_ladder(size)


def find_program(program: str) -> str | None:
    """Return where a program is, on the PATH or in `GAME_FOLDERS`."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *GAME_FOLDERS])
    return shutil.which(program, path=path)


def engine_of(opponent: Opponent, game: str) -> EngineSettings | None:
    """Return how the opponent is started; None if its program is not installed."""
    control = TimeControl.parse(opponent.control)
    if not opponent.program and not opponent.arguments:
        return EngineSettings(name=opponent.name, kind=ClientKind.RANDOM, control=control)
    command: tuple[str, ...] = (sys.executable, "-m", "muzero_engine")
    if opponent.program:
        path = find_program(opponent.program)
        if path is None:
            return None
        command = (path,)
    return EngineSettings(
        name=opponent.name,
        kind=client_kind(game),
        command=(*command, *opponent.arguments),
        options=opponent.options,
        control=control,
    )


def installed(ladder: Ladder) -> dict[str, EngineSettings]:
    """Return the opponents that can be met here, by name, weakest first."""
    engines = {opponent.name: engine_of(opponent, ladder.game.game) for opponent in ladder.opponents}
    return {name: engine for name, engine in engines.items() if engine is not None}


def missing(ladder: Ladder, names: Iterable[str]) -> list[Missing]:
    """Return what is not among the opponents `names`, put together by what installs it."""
    present = set(names)
    groups: dict[str, list[str]] = {}
    for opponent in ladder.opponents:
        if opponent.name not in present:
            groups.setdefault(opponent.install, []).append(opponent.name)
    return [Missing(tuple(gone), install) for install, gone in groups.items()]


def _apt(*packages: str) -> str:
    return f"apt-get install -y --no-install-recommends {' '.join(packages)}"


def _stockfish(skill: int, rating: float) -> Opponent:
    return Opponent(
        name=f"stockfish skill {skill}",
        rating=rating,
        fixed=True,
        program="stockfish",
        options=(("Skill Level", str(skill)), ("Threads", "1"), ("Hash", "16")),
        control="movetime=0.05,margin=0.5",
        install=_apt("stockfish"),
    )


def _stockfish_nodes(nodes: int, rating: float) -> Opponent:
    return Opponent(
        name=f"stockfish nodes {nodes}",
        rating=rating,
        program="stockfish",
        options=(("Threads", "1"), ("Hash", "16")),
        control=f"nodes={nodes}",
        install=_apt("stockfish"),
    )


def _fairy(rating: float, *, skill: int | None = None, nodes: int | None = None) -> Opponent:
    return Opponent(
        name=f"fairy-stockfish nodes {nodes}" if skill is None else f"fairy-stockfish skill {skill}",
        rating=rating,
        program="fairy-stockfish",
        options=(("Threads", "1"), *((("Skill Level", str(skill)),) if skill is not None else ())),
        control="depth=5" if nodes is None else f"nodes={nodes}",
        install=_apt("fairy-stockfish"),
    )


def _limited(program: str, limit: str, number: int, rating: float, **options: str) -> Opponent:
    return Opponent(
        name=f"{program} {limit} {number}",
        rating=rating,
        program=program,
        options=(("Hash", "16"), *options.items()),
        control=f"{limit}={number}",
        install=_apt(program),
    )


def own_player(ladder: Ladder, nodes: int, rating: float, digest: str) -> Opponent:
    """Return this program with the network that came along, frozen by its hash, at so many simulations a move."""
    protocol = client_kind(ladder.game.game)
    told = protocol is not ClientKind.GTP
    return Opponent(
        name=f"muzero {digest[:8]} nodes {nodes}",
        rating=rating,
        arguments=(protocol.value,) if told else (protocol.value, "--visits", str(nodes)),
        control=f"nodes={nodes}" if told else "none",
    )


def _gnugo(level: int, rating: float = 1800.0, *, fixed: bool = False, handicap: int = 0) -> Opponent:
    stones = f" {'with' if handicap > 0 else 'giving'} {abs(handicap)} stones" if handicap else ""
    return Opponent(
        name=f"gnugo level {level}{stones}",
        rating=rating,
        fixed=fixed,
        handicap=handicap,
        program="gnugo",
        arguments=("--mode", "gtp", "--level", str(level), *GNU_GO_RULES),
        install=_apt("gnugo"),
    )


def _uct(playouts: int, rating: float) -> Opponent:
    return Opponent(name=f"uct {playouts}", rating=rating, arguments=("uct", "--playouts", str(playouts)))


def _gpsusi(depth: int, rating: float, *, fixed: bool = False) -> Opponent:
    return Opponent(
        name=f"gpsshogi depth {depth}",
        rating=rating,
        fixed=fixed,
        program="gpsusi",
        arguments=("-N", "1"),
        options=(("BookDepth", "0"), ("LimitDepth", str(depth))),
        control="0+60x1",  # the depth ends its search long before; it aborts at a movetime, resigns early at nodes
        install=_apt("gpsshogi", "gpsshogi-data"),
    )


_SKILLS = (1320, 1468, 1608, 1742, 1923, 2204, 2363, 2500, 2596, 2703, 2788)  # Elo of Stockfish 15.1's skill 0 to 10

_CHESS = (
    Opponent(name="random", rating=-520.0),
    _fairy(-10.0, skill=-20),
    _fairy(120.0, skill=-10),
    _fairy(350.0, skill=-5),
    _fairy(485.0, skill=-4),
    _fairy(760.0, skill=-3),
    _fairy(915.0, skill=-2),
    _fairy(1095.0, skill=0),
    *(_stockfish(skill, rating) for skill, rating in enumerate(_SKILLS[:1])),
    Opponent(
        name="sunfish nodes 2000",
        rating=1450.0,
        program="sunfish-uci",
        control="nodes=2000",
        install="pip install sunfish",
    ),
    _stockfish(1, _SKILLS[1]),
    _stockfish_nodes(100, 1550.0),
    _stockfish(2, _SKILLS[2]),
    _stockfish_nodes(300, 1650.0),
    _stockfish(3, _SKILLS[3]),
    _limited("ethereal-chess", "nodes", 1000, 1850.0),
    _stockfish(4, _SKILLS[4]),
    _limited("glaurung", "nodes", 3000, 1960.0, OwnBook="false"),
    Opponent(
        name="gnuchess depth 4",
        rating=2000.0,
        program="gnuchess",
        arguments=("--uci",),
        options=(("OwnBook", "false"),),
        control="depth=4",
        install=_apt("gnuchess"),
    ),
    _limited("toga2", "depth", 4, 2150.0, OwnBook="false"),
    _stockfish(5, _SKILLS[5]),
    _stockfish_nodes(1000, 2350.0),
    _stockfish(6, _SKILLS[6]),
    _limited("toga2", "depth", 6, 2450.0, OwnBook="false"),
    _stockfish(7, _SKILLS[7]),
    _limited("ethereal-chess", "nodes", 10000, 2520.0),
    _stockfish(8, _SKILLS[8]),
    _stockfish_nodes(3000, 2680.0),
    _stockfish(9, _SKILLS[9]),
    _stockfish(10, _SKILLS[10]),
    _stockfish_nodes(10000, 2900.0),
)

GO_SIZES = (9, 13, 19)
_OWN_ON_LARGE_BOARDS = ((1, 1930.0), (8, 2140.0), (32, 2220.0), (128, 2400.0))


def _go_ladder(size: int) -> Ladder:
    nine = size == 9
    komi = 7.0 if nine else 7.5
    playouts = ((4, 90.0), (16, 430.0), (64, 620.0), (256, 800.0)) if nine else ((4, 50.0), (16, 300.0))
    stones: tuple[tuple[int, float], ...] = ((2, 2290.0), (3, 2475.0), (4, 2710.0))
    if not nine:  # where a stone is worth less
        stones = ((2, 1950.0), (3, 2050.0), (4, 2150.0), (6, 2350.0), (9, 2650.0))
    held = "GNU Go level 10 with 3 stones = 2475, about 1800 without" if nine else "GNU Go level 10 = 1800"
    return Ladder(
        label=f"go {size}x{size}",
        game=GameSettings(game="go", shape=(size, size), komi=komi),
        scale=f"{size}x{size}, komi {komi:g}, {held}",
        opponents=(
            Opponent(name="random", rating=-600.0),
            _uct(1, -200.0),
            *(_uct(count, rating) for count, rating in playouts),
            _gnugo(10, 1050.0, handicap=-4),
            _gnugo(10, 1300.0, handicap=-3),
            _gnugo(10, 1550.0, handicap=-2),
            *((_gnugo(1), _gnugo(5)) if nine else (_gnugo(1, 1650.0), _gnugo(5, 1750.0))),
            _gnugo(10, fixed=not nine),
            *(_gnugo(10, rating, fixed=nine and count == 3, handicap=count) for count, rating in stones),
        ),
        opening_plies=4,
        own=((1, 2110.0), (8, 2320.0), (32, 2400.0), (128, 2580.0)) if nine else _OWN_ON_LARGE_BOARDS,
    )


_SHOGI = (
    Opponent(name="random", rating=0.0),
    _fairy(650.0, skill=-20),
    _fairy(840.0, skill=-10),
    _fairy(1040.0, skill=-5),
    _fairy(1190.0, skill=-4),
    _fairy(1400.0, skill=-3),
    _fairy(1580.0, skill=-2),
    _fairy(1740.0, skill=0),
    _fairy(1860.0, nodes=50),
    _fairy(2140.0, nodes=200),
    _fairy(2450.0, nodes=500),
    _fairy(2725.0, nodes=1000),
    _fairy(2900.0, nodes=2000),
    _fairy(3105.0, nodes=5000),
    _fairy(3400.0, nodes=10000),
    _fairy(3705.0, nodes=20000),
    _fairy(3830.0, nodes=50000),
    _gpsusi(4, 3970.0, fixed=True),
    _gpsusi(6, 4300.0),
)

LADDERS: Mapping[str, Ladder] = {
    "chess": Ladder(
        label="chess",
        game=GameSettings(game="chess"),
        scale="Stockfish's ratings of its skill levels, at 50 ms a move",
        opponents=_CHESS,
        opening_plies=8,
        own=((1, 1600.0), (16, 1860.0), (128, 2120.0)),
    ),
    "go": _go_ladder(9),
    "shogi": Ladder(
        label="shogi",
        game=GameSettings(game="shogi"),
        scale="gpsshogi at depth 4 = 3970",
        opponents=_SHOGI,
        opening_plies=8,
        own=((1, 2960.0), (16, 3560.0), (64, 3780.0)),
    ),
}

# Not on the ladders: sjeng speaks xboard's protocol only, gnuchess and toga2 do not stop at a number of nodes (so they
# have depths), and Stockfish 15.1's UCI_Elo follows a formula that its authors call quite inaccurate.
