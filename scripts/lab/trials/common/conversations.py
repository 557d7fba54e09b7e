"""A session and what it owes: lines go to it, and what comes back is counted."""

from __future__ import annotations

from collections.abc import Sequence

from lab.trials.common.offers import Offer, offer_of, set_back, setting
from lab.trials.common.processes import memory_mb
from lab.trials.common.replies import replies_of
from lab.trials.common.sessions import FIRST, STOP, Line, Session, Unanswered

ANEW = {  # another tree, and another network, of the smallest memory
    "uci": (setting("Hash", 8), setting("Threads", 2)),
    "usi": (setting("USI_Hash", 8), setting("Threads", 2)),
    "ugi": (setting("Hash", 8), setting("Threads", 2)),
    "gtp": ("kata-set-param hash 8", "kata-set-param threads 2"),
}
SET_BACK = {"gtp": ("kata-set-param hash 256", "kata-set-param threads 1")}  # of a protocol that offers no options


class Conversation:
    """Talks with a session of a protocol, to which nothing else is sent. All methods but `close` raise Unanswered."""

    def __init__(self, protocol: str, session: Session) -> None:
        """Say what a client says first, and hear the answers: the network is loaded then."""
        self._protocol, self._session = protocol, session
        self._replies = replies_of(protocol)
        lines = self.exchange(FIRST[protocol])
        for line in lines:  # a session without a network would survive all that follows, and show nothing
            if line.text.startswith(("info string error", "?", '{"error"')):
                raise Unanswered(f"at the first search: {line.text!a:.200}")
        self.offers: list[Offer] = [offer for line in lines if (offer := offer_of(line.text)) is not None]

    @property
    def owed(self) -> int:
        """Return how many replies are missing."""
        return self._replies.owed

    def send(self, lines: Sequence[str]) -> None:
        """Send lines."""
        for line in lines:
            self._replies.sent(line)
        self._session.send(*lines)

    def hear(self) -> list[Line]:
        """Return all that comes until nothing is owed. A reply that is not owed raises Unanswered as well."""
        heard = []
        while self._replies.owed:
            heard.append(self._session.next())
            self._check(heard[-1])
        return heard

    def exchange(self, lines: Sequence[str], *, stop: bool = False) -> list[Line]:
        """Send lines, and perhaps those that end all searches, and hear all that is owed."""
        self.send([*lines, *(STOP[self._protocol] if stop else ())])
        return self.hear()

    def memory_mb(self, more: Sequence[str] = ()) -> int:
        """Return the session's memory with all options set back, `more` lines said, tree and network made anew.

        The memory of a tree and a network is kept as far as the largest search, or batch, of all has needed it.
        """
        back = [*set_back(self.offers), *SET_BACK.get(self._protocol, ()), *more]
        self.exchange([*back, *ANEW.get(self._protocol, ()), *FIRST[self._protocol]], stop=True)
        megabytes = memory_mb(self._session.pid)
        self.exchange(back)
        return round(megabytes)

    def close(self) -> str:
        """End the session; return what is wrong with its end, or came after all was answered, "" for nothing."""
        problem = self._session.close()
        try:
            for line in self._session.pending():
                self._check(line)
        except Unanswered as error:
            problem = problem or str(error)
        return problem

    def _check(self, line: Line) -> None:
        if problem := self._replies.heard(line.text):
            raise Unanswered(problem)
