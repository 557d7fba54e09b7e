"""`python -S match_engine.py uci|usi|ugi|gtp [--fault F] [--at N] ...`: plays moves from a list and can go wrong.

It knows no rules: its moves are those of a line that both sides follow. Everything is in this one file, so that it
starts in a moment. From its move number N (from 1) on it does what `--fault` says:

    exit       ends with code 3 and a last word on standard error
    kill       is killed by a signal
    close      closes its output and stays
    hang       never answers again
    garbage    writes lines that mean nothing instead of its move, and never answers
    flood      writes lines that mean nothing, without end
    nonsense   answers with something that is no move
    empty      answers without a move
    illegal    answers with a move of another game
    none       says that it has no move
    refuse     answers a failure (GTP)
    slow       thinks for `--delay` seconds, or until it is told to stop
    resign     resigns
    win        declares that it has won
"""

from __future__ import annotations

import argparse
import itertools
import os
import signal
import sys
import threading

LINES = {
    "uci": "g1f3 g8f6 f3g1 f6g8".split() * 50,
    "usi": "2h3h 8b7b 3h2h 7b8b".split() * 50,
    "ugi": "a1 b1 c1 b2 a2 c2 b3 a3 c3".split(),  # tic-tac-toe, a draw
    "gtp": [f"{column}{row}" for row in (3, 7) for column in "ABCDEFGHJ"] + ["pass"] * 50,
}
ILLEGAL = {"uci": "e2e5", "usi": "2h2a", "ugi": "a1", "gtp": "A3"}


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class ScriptedPlayer:
    """What all protocols share."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.protocol: str = options.protocol
        self.line = options.moves.split() if options.moves else LINES[self.protocol]
        self.moves_made = 0
        self.stopped = threading.Event()

    def misbehaves(self) -> bool:
        """Return whether this move goes wrong; called once a move."""
        self.moves_made += 1
        return bool(self.options.fault) and self.moves_made >= int(self.options.at)

    def answer(self, plies: int) -> str | None:
        """Return the move after so many plies, or what stands in its place; None: no answer."""
        move: str = self.line[plies]
        if not self.misbehaves():
            return move
        fault = self.options.fault
        if fault == "exit":
            print("something is wrong", file=sys.stderr, flush=True)
            os._exit(3)
        if fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "close":
            os.close(1)
            signal.pause()
        if fault in ("garbage", "flood"):
            for _ in range(3) if fault == "garbage" else itertools.count():
                say("%$#@ \x00 garbage")
        if fault in ("garbage", "hang"):
            return None
        if fault == "slow":
            self.stopped.wait(self.options.delay)
            return move
        answers = {"nonsense": "zz99", "empty": "", "illegal": ILLEGAL[self.protocol], "resign": "resign", "win": "win"}
        return answers.get(fault, "(none)")


def dialogue(player: ScriptedPlayer) -> None:
    """Speak UCI, USI and UGI."""
    protocol = player.protocol
    plies = 0

    def search() -> None:
        move = player.answer(plies)
        if move is None:
            return
        if player.options.score:
            say(f"info depth 7 seldepth 9 multipv 1 score {player.options.score} nodes 1234 nps 5 pv {move}")
        say(f"bestmove {move}".rstrip())

    for line in sys.stdin:
        words = line.split()
        if player.options.echo:
            print(line.strip(), file=sys.stderr, flush=True)
        match words[0] if words else "":
            case "uci" | "usi" | "ugi":
                say("id name scripted")
                say("option name Skill Level type spin default 20 min 0 max 20")
                if player.options.greets:
                    say(f"{protocol}ok")
            case "isready":
                say("readyok")
            case "position":
                plies = len(words) - words.index("moves") - 1 if "moves" in words else 0
            case "go":
                player.stopped.clear()
                threading.Thread(target=search, daemon=True).start()
            case "stop":
                player.stopped.set()
            case "setoption" | "gameover":
                print(line.strip(), file=sys.stderr, flush=True)
            case "quit":
                return


def gtp(player: ScriptedPlayer) -> None:
    """Speak GTP."""
    commands = ["boardsize", "clear_board", "komi", "play", "genmove", "time_settings", "time_left", "level"]
    plies = 0
    for line in sys.stdin:
        words = line.split()
        match words[0] if words else "":
            case "list_commands":
                say("= " + "\n".join([*commands, "final_score"] if player.options.count else commands) + "\n")
            case "clear_board":
                plies = 0
                say("=\n")
            case "play":
                plies += 1
                say("=\n")
            case "genmove":
                move = player.answer(plies)
                if move is not None:
                    say("? cannot move\n" if player.options.fault == "refuse" and move == "(none)" else f"= {move}\n")
                plies += 1
            case "final_score":
                say(f"= {player.options.count}\n")
            case "quit":
                say("=\n")
                return
            case name if name in commands:
                print(line.strip(), file=sys.stderr, flush=True)
                refused = player.options.whole and name.startswith("time_") and "." in line
                say("? syntax error\n" if refused else "=\n")
            case _:
                say("? unknown command\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("protocol", choices=("uci", "usi", "ugi", "gtp"))
    parser.add_argument("--fault", default="")
    parser.add_argument("--at", type=int, default=1)
    parser.add_argument("--delay", type=float, default=60.0)
    parser.add_argument("--moves", default="")
    parser.add_argument("--score", default="")
    parser.add_argument("--count", default="")
    parser.add_argument("--echo", action="store_true")  # UCI, USI, UGI: tell standard error every line that comes
    parser.add_argument("--whole", action="store_true")  # GTP: times without decimals only
    parser.add_argument("--no-greeting", dest="greets", action="store_false")
    options = parser.parse_args()
    player = ScriptedPlayer(options)
    if player.protocol == "gtp":
        gtp(player)
    else:
        dialogue(player)


if __name__ == "__main__":
    main()
