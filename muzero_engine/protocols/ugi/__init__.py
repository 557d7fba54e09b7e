"""UGI, the Universal Game Interface: match runners, for games that have no protocol of their own.

After https://github.com/kz04px/ugi (`ugi.md` and `example.md` of commit 0dd2a35), which calls itself work in progress,
and its author's match runner, https://github.com/kz04px/cutegames. UGI is UCI without chess, and with questions about
the rules, which the runner does not know.

What is spoken, all of it: `ugi`, `setoption`, `isready`, `uginewgame`, `position`, `go`, `stop`, `quit`, `query`; `id`,
`option`, `ugiok`, `readyok`, `info`, `bestmove`, `response`. `d` shows the board and `help` the commands, as in UCI.

Where the text is silent, or its runner narrower than it:

- Which game is played is never said, so it is set when the engine is started. Positions (`fen`) and moves are what
  `Game.from_text` and `Position.parse_action` read; a position ends at the first word `moves`. `startpos` is the game's
  first board.
- Player one (`p1`) is player 0 of the game, who moves first from the start position.
- `bestmove` has nothing after the move: the runner waits for exactly two words. So there is no `ponder` move, and
  `ponderhit`, `ponder`, `searchmoves`, `movestogo` and `mate` of UCI are unknown words here.
- `bestmove 0000` where there is no move to play, which is what the author's engines write. In a game that is over and
  has moves all the same, the search finds one.
- There are no words for resigning or offering a draw. A move is given as long as there is one.
- Several limits in one `go`: the first that is met ends the search. None at all: `infinite`, as in UCI.
- `uginewgame` also goes back to `startpos`; a runner sets the position before it asks anything.
- `query`: no answer but one `info string error: ...` line to a question that is none of the three. It may be asked
  during a search, and is about the position that the last `position` set.
- A move that is not legal: the moves before it are kept, and one `info string error: ...` line says so. A position that
  cannot be read: there is none until the next one; `go` is answered by `bestmove 0000`, `query` by such a line.
- Options have UCI's names, without `UCI_`.
"""
