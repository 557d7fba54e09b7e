"""A session and what it owes: lines go to it, and what comes back is counted."""

from __future__ import annotations

from collections.abc import Sequence

from lab.trials.common.offers import Offer, offer_of, set_back
from lab.trials.common.replies import replies_of
from lab.trials.common.sessions import FIRST, STOP, Line, Session, Unanswered


class Conversation:
    """Talks with a session of a protocol, to which nothing else is sent. All methods but `close` raise Unanswered."""

    def __init__(self, protocol: str, session: Session) -> None:
        """Say what a client says first, and hear the answers: the network is loaded then."""
        self._protocol, self._session = protocol, session
        self._replies = replies_of(protocol)
        lines = self.exchange(FIRST[protocol])
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

    def reset(self, more: Sequence[str] = ()) -> None:
        """Set all options back, send these lines too, and search a little from the start."""
        self.exchange([*set_back(self.offers), *more, *FIRST[self._protocol]], stop=True)

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
