"""Plays games side by side: some threads, each with engines of its own that it keeps from game to game."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping

from muzero_engine.games.base import Game
from muzero_engine.games.record import GameRecord
from muzero_engine.games.registry import load_game
from muzero_engine.match.engines.base import Client, EngineFailure
from muzero_engine.match.engines.registry import make_client
from muzero_engine.match.play.game import EndedGame, GamePlan, Seat, play_game
from muzero_engine.match.settings.match_settings import BadMatch, EngineSettings, GameSettings

SLOW_S = 2.0  # after which an engine that has not started is told of
KEPT_ENGINES = 4  # processes that a thread keeps for later games
FAILED_STARTS = 3  # in a row, of an engine that has been started before, which end the games


class NotStarted(BadMatch):
    """An engine that cannot be started, or that has no network; `again`: which had been started before."""

    def __init__(self, engine: str, reason: str, *, again: bool = False) -> None:
        super().__init__(f"{engine} does not start{' any more' if again else ''}: {reason}")
        self.engine = engine


class Runner:
    """Plays plans with these engines. An engine that breaks is started again for its next game."""

    def __init__(
        self,
        engines: Mapping[str, EngineSettings],
        game: GameSettings,
        *,
        concurrency: int = 1,
        note: Callable[[str], None] = lambda _: None,
        check: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take the `engines` by name, which may grow while games are played. `note` is told, in any thread, which of
        them is waited for, and `check` of each start of one, in vain or not: what it raises ends the games."""
        self._engines = engines
        self._note = note
        self._check = check
        self._settings = game
        self._game: Game = load_game(game.game)
        self._concurrency = concurrency
        self._lock = threading.Lock()
        self._cancelled = False
        self._error: BaseException | None = None
        self._plans: Iterator[GamePlan] = iter(())
        self._on_game: Callable[[GameRecord], bool] = lambda _: True
        self._clients: set[Client] = set()  # of all threads
        self._waiting: dict[str, Client] = {}  # that were started before the games
        self._failed: dict[str, int] = {}  # starts in a row, by name
        self._not_started: set[Client] = set()  # which are tried again in their first game
        self.identities: dict[str, str] = {}  # by name, what the engines that have been started once call themselves

    def start(self, names: Iterable[str]) -> None:
        """Start these engines, and keep the first of them for their games; `close` or `run` ends them.

        Raises NotStarted.
        """
        try:
            for name in names:
                client = self._started(name)
                if len(self._waiting) < KEPT_ENGINES:
                    self._waiting[name] = client
                else:
                    self._close(client)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the engines that wait for games."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for client in waiting.values():
            self._close(client)

    def run(self, plans: Iterable[GamePlan], on_game: Callable[[GameRecord], bool]) -> None:
        """Play until there is no plan left or `on_game` says False; blocks.

        The next plan is taken when a thread is free, so `plans` may depend on the games before. `plans` and `on_game`
        are called by one thread at a time. When `on_game` says False, at Ctrl-C and at an error, games in progress are
        dropped. Raises NotStarted where an engine cannot be started, the first time or several times in a row, and
        what `plans`, `on_game` and `check` raise.
        """
        self._plans, self._on_game = iter(plans), on_game
        self._cancelled, self._error = False, None
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(self._concurrency)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive() and not self._cancelled:
                    thread.join(0.5)
        finally:
            self._cancelled = True
            while any(thread.is_alive() for thread in threads):
                self._kill_all()
                threads[0].join(0.02)
                threads = [thread for thread in threads if thread.is_alive()]
            self.close()
        if self._error is not None:
            raise self._error

    def _kill_all(self) -> None:
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            client.kill()

    def _work(self) -> None:
        clients: dict[str, Client] = {}  # the one that was used last comes last
        try:
            while (plan := self._next()) is not None:
                played = self._play(plan, clients)
                if not self._keep(played):
                    break
        except BaseException as error:
            with self._lock:
                self._error = self._error if self._cancelled else error
                self._cancelled = True
        finally:
            for client in clients.values():
                self._close(client)
            if self._cancelled:
                self._kill_all()

    def _next(self) -> GamePlan | None:
        with self._lock:
            return None if self._cancelled else next(self._plans, None)

    def _keep(self, played: EndedGame) -> bool:
        """Hand a finished game on, unless it came to its end because all were told to stop."""
        with self._lock:
            if self._cancelled:
                return False
            if not self._on_game(played.record):
                self._cancelled = True  # never set back here: the main thread may have set it meanwhile
            return not self._cancelled

    def _play(self, plan: GamePlan, clients: dict[str, Client]) -> EndedGame:
        names = (plan.first, plan.second)
        first, second = (self._client(name, clients) for name in names)
        seats = (Seat(self._engines[names[0]], first), Seat(self._engines[names[1]], second))
        played = play_game(plan, seats, self._game, self._settings)
        for player, (name, seat) in enumerate(zip(names, seats, strict=True)):
            if seat.client in self._not_started:
                self._not_started.discard(seat.client)
                if played.record.moves:  # which nobody makes before both have started
                    self._failed[name] = 0
            if player in played.broken or self._engines[name].restart:
                self._close(clients.pop(name))
        return played

    def _client(self, name: str, clients: dict[str, Client]) -> Client:
        """Return the thread's own client of an engine, made and started if there is none."""
        client = clients.pop(name, None)
        if client is None:
            while len(clients) >= KEPT_ENGINES:
                self._close(clients.pop(next(iter(clients))))
            with self._lock:
                client = self._waiting.pop(name, None)
            client = client or self._started(name)
        clients[name] = client
        return client

    def _started(self, name: str) -> Client:
        """Return a new client, with its engine started. Where that fails the first time it ends the match; later it is
        tried again in the game, which is lost where it fails there, too, until it has failed a few times in a row."""
        client = make_client(self._engines[name], self._game, self._settings.patience)
        with self._lock:
            self._clients.add(client)
        try:
            again = name in self.identities
            failure = self._start(name, client, told=not again)
            self._check(name)
            self._failed[name] = 0 if failure is None else self._failed.get(name, 0) + 1
            if failure is None:
                self.identities[name] = client.identity
            elif not again or self._failed[name] >= FAILED_STARTS:
                raise NotStarted(name, str(failure), again=again)
            else:
                self._not_started.add(client)
        except BaseException:
            self._close(client)
            raise
        return client

    def _start(self, name: str, client: Client, *, told: bool) -> EngineFailure | None:
        """Start an engine and return why that failed; one that is slow is `told` of."""
        slow = threading.Timer(SLOW_S, lambda: self._note(f"waiting for {name} to answer {client.asked!a:.60} ..."))
        slow.daemon = True
        if told:
            slow.start()
        try:
            client.start()
        except EngineFailure as failure:
            client.close()
            return failure
        finally:
            slow.cancel()
            if told:
                slow.join()
        return None

    def _close(self, client: Client) -> None:
        client.close()
        with self._lock:
            self._clients.discard(client)
