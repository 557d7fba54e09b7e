"""The engine: position + limits -> search thread -> reports and one result. Knows no protocol."""

from __future__ import annotations

from collections.abc import Callable

from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.report import SearchInfo, SearchResult
from muzero_engine.games.base import Position, Shape
from muzero_engine.model import Model

ModelLoader = Callable[[EngineOptions], Model]


class Engine:
    """CONTRACT (implementation follows). One thread calls it (the session's); only `wait` blocks on a search.

    `load_model` makes the model for options; it is called by `prepare` or the first `go`, and again when an option that
    concerns the model changed. It may raise `ModelError` (a ValueError with one clear line).
    """

    def __init__(self, load_model: ModelLoader, options: EngineOptions | None = None) -> None: ...

    @property
    def options(self) -> EngineOptions: ...

    def configure(self, options: EngineOptions) -> None:
        """Sets the options for the next search; a running one is not disturbed."""

    def prepare(self, shape: Shape) -> None:
        """Loads the model, tunes the batch size and warms up for this board. Blocks for seconds. Raises ValueError."""

    def new_game(self) -> None:
        """Forgets what belongs to a game (resign counter)."""

    def go(
        self,
        position: Position,
        limits: Limits,
        *,
        on_info: Callable[[SearchInfo], None],
        on_done: Callable[[SearchResult], None],
        info_interval_ms: float | None = None,
    ) -> None:
        """Starts a search of a copy of `position`; a search still running is stopped first and gives its result.

        `on_info` and `on_done` are called from the search thread: infos at least every `info_interval_ms` (default:
        the option) and when the best move or the depth changes (not closer than 100 ms), and one right before
        `on_done`. `on_done` is called exactly once per `go`. A model that cannot be loaded gives a result all the same
        (first legal move) and the reason in `error`.
        """

    @property
    def searching(self) -> bool:
        """Whether a `go` still owes its `on_done` (pondering and held-back infinite searches included)."""

    @property
    def error(self) -> str | None:
        """One line on why the last search had no model, or None."""

    def stop(self) -> None:
        """Ends the running search: its `on_done` follows within 50 ms. Nothing happens without one."""

    def ponderhit(self, clock: Clock | None = None) -> None:
        """The pondered move was played: the limits of `go` now count, from this moment (with this clock if given)."""

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until no search runs; False when `timeout` seconds passed first."""

    def close(self) -> None:
        """Stops, waits for the result to be delivered, frees the model."""
