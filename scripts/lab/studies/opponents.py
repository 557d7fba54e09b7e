"""Lets the neighbours of a ladder play each other, to place those whose rating is not fixed.

    python scripts/lab/studies opponents --game shogi --pairs 20
    python scripts/lab/studies opponents --game go --pairs 10 "uct 16" "gnugo level 1"

Prints each match and, at the end, one fit of all games with the ladder's fixed ratings held: what the table in
`muzero_engine/match/ladder/opponents.py` should say.
"""

from __future__ import annotations

import itertools

from lab.common.commands import parser_of

from muzero_engine.games.record import GameRecord
from muzero_engine.match.ladder.ladder import LadderSettings, ladder_openings, pair_plans
from muzero_engine.match.ladder.opponents import installed, ladder_of
from muzero_engine.match.play.runner import Runner
from muzero_engine.match.results.standings import make_standings
from muzero_engine.match.results.statistics import HeadToHead
from muzero_engine.match.results.tables import match_line, rating_table


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("players", nargs="*", help="opponents in order; without any, all that are installed")
    parser.add_argument("--game", choices=("chess", "go", "shogi"), required=True)
    parser.add_argument("--size", type=int, help="lines of the board of Go")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--concurrency", type=int, default=1)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    ladder = ladder_of(args.game, args.size)
    engines = installed(ladder)
    players = args.players or list(engines)
    if strangers := [name for name in players if name not in engines]:
        parser.error(f"{strangers[0]} is not on the ladder, or not installed")
    settings = LadderSettings(game=args.game, engine="", weights="", seed=args.seed)
    openings = ladder_openings(ladder, settings, args.pairs)
    runner = Runner(engines, ladder.game, concurrency=args.concurrency)
    games: list[GameRecord] = []

    def keep(record: GameRecord) -> bool:
        games.append(record)
        return True

    for number, (lower, upper) in enumerate(itertools.pairwise(players)):
        one, other = ladder.opponent(lower), ladder.opponent(upper)
        if one.fixed and other.fixed:
            continue
        first = number * args.pairs  # of the pairs of this match
        plans = [plan for i in range(args.pairs) for plan in pair_plans(lower, other, openings, first + i)]
        runner.run(plans, keep)
        print(match_line(upper, lower, HeadToHead.of(games, upper, lower)), flush=True)
        for record in games:
            if record.ending.is_fault and {record.first, record.second} == {lower, upper}:
                print(f"  pair {record.pair}, game {record.game}: {record.ending.value}, {record.reason}")
    fixed = {name: ladder.opponent(name).rating for name in players if ladder.opponent(name).fixed}
    print(rating_table(make_standings(games, players, fixed)))
