"""Grammars of what a client says, for lines that are fuzzed: a symbol, what it may stand for, parted by bars.

`LINE` is a whole line. Made while lines are: `WALK` (moves of a game at random), `OPTION` (a name that the session
offers), `ODD` (what nobody expects). `NOTHING` is nothing. A symbol that is there twice stands for either.
"""

from __future__ import annotations

GUI = """
LINE: position START moves WALK | position START | go GO | go GO | go GO | stop | setoption name OPTION value VALUE
    | setoption name OPTION | ponderhit | setoption name OPTION value VALUE | position START moves WALK MOVE
GO: LIMIT | LIMIT | LIMIT LIMIT | LIMIT LIMIT LIMIT | infinite | ponder LIMIT | searchmoves MOVE MOVE LIMIT
VALUE: true | false | 0 | 1 | 2 | 8 | 16 | 0.5 | -1 | ODD | <empty> | auto | puct | gumbel | x y z
NUMBER: 0 | 1 | 2 | 5 | 20 | -3 | ODD
"""
UCI = """
LINE: ucinewgame | uci | isready | debug on | debug off | d | help | register later | joho d
START: startpos | startpos | fen FEN | fen ODD
FEN: 8/8/8/8/8/8/8/K6k b - - 0 1 | r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1 | 7k/8/5K1Q/8/8/8/8/8 b - - 0 1 |
    7k/5Q2/6K1/8/8/8/8/8 b - - 0 1 | 8/P6k/8/8/8/8/p6K/8 w - - 99 80 | nqnrkrbb/pppppppp/8/8/8/8/PPPPPPPP/NQNRKRBB w
    FDfd - 0 1 | k7/8/8/8/8/8/8/8 w - - 0 1
MOVE: e2e4 | e7e5 | e1g1 | e1h1 | a7a8q | 0000 | a1a1 | ODD
LIMIT: depth NUMBER | nodes NUMBER | movetime NUMBER | mate NUMBER | wtime NUMBER btime NUMBER winc NUMBER | wtime
    NUMBER | btime NUMBER movestogo NUMBER | binc NUMBER | NOTHING
"""
USI = """
LINE: usinewgame | usi | isready | gameover win | gameover | go mate 20 | ponderhit LIMIT
START: startpos | startpos | sfen SFEN | sfen ODD
SFEN: lnsgkgsnl/1r5b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL b - 1 | 4k4/9/4P4/9/9/9/9/9/4K4 b G2r2b3g4s4n4l17p 1
    | 4k4/9/4P4/9/9/9/9/9/9 b 2G 1 | LNSGKGSNL/9/9/9/9/9/9/9/lnsgkgsnl w 2R2B18P 300 | 8k/9/9/9/9/9/9/9/K8 b -
MOVE: 7g7f | 3c3d | P*5e | 8h2b+ | G*5b | 1a1a | ODD
LIMIT: depth NUMBER | nodes NUMBER | byoyomi NUMBER | mate NUMBER | btime NUMBER wtime NUMBER byoyomi NUMBER | btime
    NUMBER | wtime NUMBER binc NUMBER | movetime NUMBER | NOTHING
"""
UGI = """
LINE: uginewgame | ugi | isready | query p1turn | query result | query gameover | d | help
START: startpos | startpos | fen ODD
MOVE: d3 | c4 | pass | a1 | z9 | ODD
LIMIT: depth NUMBER | nodes NUMBER | movetime NUMBER | p1time NUMBER p2time NUMBER p1inc NUMBER | p2time NUMBER |
    NOTHING
"""
GTP = """
LINE: COMMAND | COMMAND | NUMBER COMMAND | COMMAND # COMMAND
COMMAND: boardsize SIZE | clear_board | komi KOMI | play COLOUR VERTEX | play COLOUR VERTEX | play COLOUR VERTEX |
    genmove COLOUR | genmove COLOUR | reg_genmove COLOUR | undo | restricted_genmove COLOUR VERTEX VERTEX |
    time_settings NUMBER NUMBER NUMBER | time_left COLOUR NUMBER NUMBER | kgs-time_settings byoyomi NUMBER NUMBER
    NUMBER | kata-time_settings fischer NUMBER NUMBER | fixed_handicap NUMBER | place_free_handicap NUMBER |
    set_free_handicap VERTEX VERTEX | final_score | final_status_list STATUS | showboard | list_commands | name |
    version | known_command NUMBER | stop | kata-get-rules | kata-set-rules RULES | kata-set-rule KEY NUMBER |
    kgs-rules RULES | clear_cache | get_komi | cputime | lz-analyze COLOUR NUMBER | kata-analyze COLOUR interval
    NUMBER ownership true | kata-analyze NUMBER rootInfo true | lz-genmove_analyze COLOUR NUMBER |
    kata-genmove_analyze COLOUR NUMBER ownership true | lz-analyze avoid COLOUR VERTEX NUMBER | kata-raw-nn NUMBER |
    kata-search COLOUR | kata-search_cancellable COLOUR | kata-get-param OPTION | kata-set-param OPTION NUMBER |
    gogui-setup COLOUR VERTEX | gogui-play_sequence COLOUR VERTEX COLOUR VERTEX | set_position COLOUR VERTEX |
    rectangular_boardsize SIZE SIZE
COLOUR: b | w | black | WHITE | ODD
VERTEX: C3 | D4 | a1 | J9 | pass | resign | I5 | T19 | E5 | ODD
SIZE: 2 | 5 | 5 | 9 | 9 | 13 | 1 | 26 | ODD
KOMI: 7.5 | 0 | -3 | 7,5 | 0.3 | ODD
NUMBER: 0 | 1 | 2 | 3 | 9 | -1 | 1.5 | ODD
STATUS: alive | dead | seki | ODD
RULES: chinese | tromp-taylor | japanese | nz | aga | {"ko":"SIMPLE"} | ODD
KEY: ko | scoring | suicide | tax | ODD
OPTION: c_puct | seed | temperature | resign_value | analysisPVLen | analysisWideRootNoise | ponder | ODD
"""


def grammar(protocol: str) -> dict[str, list[list[str]]]:
    """Return the alternatives of each symbol, as words."""
    text = {"uci": GUI + UCI, "usi": GUI + USI, "ugi": GUI + UGI, "gtp": GTP}[protocol]
    symbols: dict[str, list[list[str]]] = {}
    for rule in text.replace("\n    ", " ").strip().split("\n"):
        symbol, _, alternatives = rule.partition(": ")
        words = [alternative.split() for alternative in alternatives.split(" | ")]
        symbols.setdefault(symbol, []).extend(words)
    return {**symbols, "NOTHING": [[]]}
