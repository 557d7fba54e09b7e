"""PGN (Edwards 1994) as it is found: games of a file, and the main line of one.

Every word of a main line is a move, a number, a mark or the result, or the game is refused: a reader that skips what it
does not know takes `Sf3` for `f3`. The letters of pieces are English. Where a game cannot be played so, those of other
languages are tried, and the game is read if all that fit it throughout agree on its moves. Figurines are read as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import chess

from muzero_engine.games.base import BadPosition, IllegalMove, Position, RecordedGame, RecordEntry
from muzero_engine.games.chess.notation import without_tail
from muzero_engine.games.chess.rules import SHAPE, ChessPosition, initial_position, position_from_fen
from muzero_engine.games.record import Ending, ToldGame, told_date, told_name
from muzero_engine.games.record_files import BadRecordedMove, refuse_long
from muzero_engine.games.written_moves import RESULTS

ENGLISH = "KQRBN"
LANGUAGES = {  # letters of king, queen, rook, bishop and knight
    "German": "KDTLS",  # Danish, Norwegian, Swedish, Croatian, Serbian and Slovenian as well
    "Dutch": "KDTLP",
    "French": "RDTFC",
    "Spanish": "RDTAC",  # Italian as well
    "Portuguese": "RDTBC",
    "Romanian": "RDTNC",
    "Polish": "KHWGS",
    "Czech": "KDVSJ",  # Slovak as well
    "Hungarian": "KVBFH",
    "Finnish": "KDTLR",
    "Icelandic": "KDHBR",
    "Russian": "ЌФЛСК",  # the king is written Кр
}
_STANDARD = (
    "",
    "standard",
    "standardchess",
    "chess",
    "normal",
    "regular",
    "classic",
    "classical",
    "orthodox",
    "orthodoxchess",
    "fromposition",
    "position",
    "setup",
    "setupposition",
)
_CHESS960 = (
    "chess960",
    "960",
    "frc",
    "fischerandom",
    "fischerandomchess",
    "fischerrandom",
    "fischerrandomchess",
    "freestyle",
    "freestylechess",
)
_WINNERS = {"1-0": 0, "1:0": 0, "0-1": 1, "0:1": 1, **dict.fromkeys(("1/2-1/2", "1/2", "½-½", "½"))}  # None: a draw
_TERMINATIONS = {  # words of the tag: the standard's, and those of match programs and servers ("White won on time")
    "adjudication": Ending.ADJUDICATION,
    "time forfeit": Ending.TIME_LOSS,
    "on time": Ending.TIME_LOSS,
    "rules infraction": Ending.ILLEGAL_MOVE,
    "illegal move": Ending.ILLEGAL_MOVE,
    "emergency": Ending.CRASH,
    "stalled connection": Ending.HANG,
    "resign": Ending.RESIGNATION,
    "abandon": Ending.FORFEIT,
    "forfeit": Ending.FORFEIT,
}
_MARKS = ("e.p.", "ep", "ch", "mate", "N", "D", "TN")  # words beside a move; novelty and diagram among them

_TAG_LINE = re.compile(r'\s*\[\s*\w+\s*"')
_EVENT_LINE = re.compile(r'\s*\[\s*Event\s*"')
_RESULT_AT_END = re.compile(r"(?:^|\s)(?:1-0|0-1|1/2-1/2|½-½|\*)\s*$")
_GOES_ON = re.compile(r"(?!0*1\b)\d+\s*[.…]")  # 2. Nf3: a later move than a game's first
_BRACKETS = re.compile(r"[{};()]")
_TOKEN = re.compile(
    r"^%[^\n]*"
    r'|(?P<tag>\[\s*(?P<name>\w+)\s*"(?P<value>(?:[^"\\\n]|\\.)*+)"\s*\])'
    r'|(?P<loose>^[ \t]*\[\s*(?P<other>\w+)\s*"(?P<text>[^\n]*?)"?[ \t]*\]?[ \t]*$)'  # quotes within, an end missing
    r"|\{[^}]*+\}|(?P<cut>\{)|;[^\n]*|(?P<left>\()|(?P<right>\))|\$\d*"
    r"|(?P<word>[^\s(){};$]++)",
    re.MULTILINE,
)
_PROMOTION = re.compile(r"(?<=[a-h][18])\(([^\W\d_a-z])\)")  # e8(Q), which is no variation
_NUMBER = re.compile(r"^(?:\d*(?:\.|…)+|\d+$)")
_FIGURINES = str.maketrans(dict(zip("♔♕♖♗♘♚♛♜♝♞", "KQRBNKQRBN", strict=True)) | dict.fromkeys("♙♟\ufe0e\ufe0f"))
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))  # as web pages have them
_DASHES = str.maketrans("–—−‐‑", "-----")
_PRAISE = re.compile(r"(?:\.?p\.?e|[+#!?†‡=∞±∓⩲⩱□○↑→⇄⇆⊕⨀⟳∆⌓/-])*+")  # from behind
_SAN = re.compile(r"([KQRBN]?[a-h]?[1-8]?[x:-]?[a-h][1-8])(?:[=/]?\(?([QRBNqrbn])\)?)?")
_CASTLING = re.compile(r"[O0o]-?[O0o](-?[O0o])?")
_LIKE_A_MOVE = re.compile(rf".*[a-h][1-8].*|{_CASTLING.pattern}")
SHOWN = 20  # characters of a word that a message shows


# Games of a file


def split_pgn(text: str) -> Iterator[RecordEntry]:
    """Yield the games of a PGN; one begins with the first tag after moves, or with what comes after a result.

    A line that begins with the number of a later move than the first goes on with the game, whatever stands before it.
    """
    number = 0
    game: list[str] = []
    depth, in_comment = 0, False  # of variations; within braces
    has_tags = blank = has_moves = ended = False
    for line in text.splitlines():
        if line.startswith("%") and not in_comment:
            continue
        is_tag = not in_comment and _TAG_LINE.match(line) is not None
        content, was_in_comment = line.strip(), in_comment
        if not is_tag and (in_comment or _BRACKETS.search(line)):
            content, depth, in_comment = _outside_comments(line, depth, in_comment)
        begins = is_tag and (has_moves or (has_tags and blank and _EVENT_LINE.match(line) is not None))
        if begins or (ended and content and not is_tag and not _GOES_ON.match(content)):
            number += 1
            yield RecordEntry(number, "\n".join(game))
            game, has_tags, has_moves, ended, blank, depth = [], False, False, False, False, 0
        game.append(line)
        if is_tag:
            has_tags, blank = True, False
        elif content:
            has_moves = True
            ended = depth == 0 and not in_comment and _RESULT_AT_END.search(content) is not None
        elif not was_in_comment and not line.strip():
            blank = True
    if has_tags or has_moves:
        yield RecordEntry(number + 1, "\n".join(game))


def _outside_comments(line: str, depth: int, in_comment: bool) -> tuple[str, int, bool]:
    """Return what of a line is no comment, the depth of variations and whether a comment is open behind it."""
    outside: list[str] = []
    start = 0
    for match in _BRACKETS.finditer(line):
        sign = match[0]
        if in_comment:
            if sign == "}":
                in_comment, start = False, match.end()
            continue
        if sign in "{;":
            outside.append(line[start : match.start()])
            if sign == ";":
                return "".join(outside).strip(), depth, False
            in_comment = True
        elif sign in "()":
            depth = max(0, depth + (1 if sign == "(" else -1))
    if not in_comment:
        outside.append(line[start:])
    return "".join(outside).strip(), depth, in_comment


# One game


def read_pgn(text: str, _initial: Position) -> RecordedGame:
    """Return the main line of a game, from its FEN tag if it has one. Raises BadPosition."""
    tags, words, result = _tags_and_words(text)
    start = _start(tags)
    at_start = start.text() == chess.STARTING_FEN and not start.chess960
    players = tuple("" if (name := tags.get(tag, "")) == "?" else name for tag in ("white", "black"))
    return RecordedGame(
        None if at_start else start.text(),
        _moves(words, start),
        players=(players[0], players[1]),
        told=_told(tags, result),
    )


def _told(tags: dict[str, str], result: str) -> ToldGame:
    """Return what the tags say of a game, or its result behind the moves."""
    event, date = told_name(re.sub(r"^\?+$", "", tags.get("event", ""))), told_date(tags.get("date", ""))
    termination = tags.get("termination", "").lower()
    for player in filter(None, (tags.get("white", "").lower(), tags.get("black", "").lower())):
        termination = termination.removeprefix(f"{player} ")  # as in "Resigner won by checkmate"
    for text in (tags.get("result", ""), result):
        if text in _WINNERS:
            ending = next((ending for word, ending in _TERMINATIONS.items() if word in termination), Ending.UNKNOWN)
            if _WINNERS[text] is None and ending not in (Ending.ADJUDICATION, Ending.TIME_LOSS):
                ending = Ending.UNKNOWN  # nobody lost by it
            return ToldGame(winner=_WINNERS[text], ending=ending, event=event, date=date)
    return ToldGame(
        ending=Ending.UNFINISHED if termination == "unterminated" else Ending.UNTOLD, event=event, date=date
    )


def _tags_and_words(text: str) -> tuple[dict[str, str], list[str], str]:
    """Return the tags, by their names in small letters, the moves of the main line as they are written, and the result.

    Raises BadPosition, also where moves stand behind a result.
    """
    tags: dict[str, str] = {}
    words: list[str] = []
    depth = 0
    result = ""
    text = _PROMOTION.sub(r"=\1", text.replace("\r\n", "\n").replace("\r", "\n").translate(_INVISIBLE))
    for match in _TOKEN.finditer(text):
        if match["tag"] is not None:
            tags.setdefault(match["name"].lower(), re.sub(r"\\(.)", r"\1", match["value"]).strip())
        elif match["loose"] is not None:
            tags.setdefault(match["other"].lower(), match["text"].strip())
        elif match["cut"] is not None:
            raise BadPosition("a comment is not closed: a '}' is missing")
        elif match["left"] is not None:
            depth += 1
        elif match["right"] is not None:
            depth = max(0, depth - 1)
        elif match["word"] is not None and not depth:
            word = _NUMBER.sub("", match["word"], count=1) if match["word"] not in RESULTS else match["word"]
            if result:
                if _LIKE_A_MOVE.fullmatch(_plain(word)):
                    shown = ascii(word[:SHOWN])
                    raise BadPosition(f"moves stand behind the result {result}, {shown} first: take the result out")
            elif word in RESULTS:
                result = word
            elif not _is_mark(word):
                words.append(word)
    if depth:
        raise BadPosition("a variation is not closed: a ')' is missing")
    if not words and not result and "fen" not in tags:
        raise BadPosition("there is no game in it: neither moves nor a result")
    return tags, words, result


def _is_mark(word: str) -> bool:
    """Return whether a word is a mark beside a move, or nothing at all. A null move is none."""
    return not word or word in _MARKS or (word != "--" and re.fullmatch(r"[^\w♔-♟]+", word) is not None)


def _start(tags: dict[str, str]) -> ChessPosition:
    """Return the position to begin from. Raises BadPosition for a game of another kind."""
    variant = re.sub(r"[^a-z0-9]", "", tags.get("variant", "").lower())
    if variant not in (*_STANDARD, *_CHESS960):
        raise BadPosition(f"it is a game of {tags['variant']!a:.40}, not of chess")
    fen = tags.get("fen", "")
    if fen or variant in _CHESS960:
        return position_from_fen(fen or chess.STARTING_FEN, variant in _CHESS960)
    return initial_position(SHAPE)


def _moves(words: Sequence[str], start: ChessPosition) -> tuple[str, ...]:
    """Return the moves in the protocol's words, whatever language they are written in. Raises BadPosition."""
    refuse_long(words)
    letters = {letter for word in words for letter in _written_letters(word)}
    best: BadRecordedMove | None = None
    try:
        return _played(words, start, ENGLISH)
    except BadRecordedMove as error:
        best = error
    fitting: dict[tuple[str, ...], str] = {}
    for language, names in LANGUAGES.items():
        if not letters <= set(names):
            continue
        try:
            fitting.setdefault(_played(words, start, names), language)
        except BadRecordedMove as error:
            best = error if error.number > best.number else best
    if len(fitting) > 1:
        raise BadPosition(f"its moves could be written in {' or '.join(fitting.values())}: use English letters")
    if fitting:
        return next(iter(fitting))
    raise best


def _plain(word: str) -> str:
    """Return a word with figurines as English letters and without what is written behind a move."""
    return without_tail(word.replace("Кр", "Ќ").translate(_DASHES), _PRAISE)


def _written_letters(word: str) -> str:
    """Return the capital letters of a move, those of castling left out."""
    return "" if _CASTLING.match(_plain(word)) else "".join(letter for letter in _plain(word) if letter.isupper())


def _played(words: Sequence[str], start: ChessPosition, letters: str) -> tuple[str, ...]:
    """Return the moves in the protocol's words where pieces have these letters. Raises BadRecordedMove."""
    english = str.maketrans(letters, ENGLISH)
    position = start.copy()
    board = start.board
    moves = []
    for number, word in enumerate(words, start=1):
        label = f"{board.fullmove_number}{'.' if board.turn else '...'}"
        shown = f"{word[:SHOWN]!a}" if not word.isprintable() or len(word) > SHOWN else word
        san = _san(_plain(word).translate(english).translate(_FIGURINES))
        if san is None:
            raise BadRecordedMove(number, f"{shown} is no move", label)
        try:
            move = board.parse_san(san)
            action = position.parse_action(board.uci(move))
        except chess.AmbiguousMoveError:
            raise BadRecordedMove(number, f"{shown} could be either of two pieces", label) from None
        except IllegalMove as error:
            raise BadRecordedMove(number, f"{shown}: {error}", label) from None
        except ValueError:
            raise BadRecordedMove(number, f"{shown} is illegal in {board.fen()}", label) from None
        moves.append(position.action_text(action))
        position.push(action)
        board.push(move)
    return tuple(moves)


def _san(word: str) -> str | None:
    """Return a move in proper SAN, None for what is none."""
    if (castling := _CASTLING.fullmatch(word)) is not None:
        return "O-O" if castling[1] is None else "O-O-O"
    match = _SAN.fullmatch(word.removeprefix("P"))
    if match is None:
        return None
    return match[1].replace(":", "x") + (f"={match[2].upper()}" if match[2] else "")
