"""The engine through its interface: limits, pondering, options, failures."""

from __future__ import annotations

import gc
import threading
import weakref
from dataclasses import replace

import numpy as np
import pytest
from support.fakes import ConfidentModel, HashModel

from muzero_engine.arrays import Floats, Ints
from muzero_engine.engine import memory
from muzero_engine.engine.engine import FIXED_BATCH, Engine
from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.report import SearchInfo, SearchResult
from muzero_engine.games.base import Position, Shape
from muzero_engine.games.go.rules import GoPosition
from muzero_engine.games.registry import BUILT_IN, load_game
from muzero_engine.model import Model, RecurrentOutput
from muzero_engine.search.config import SearchConfig
from muzero_engine.search.search import Search

DECLARABLE = "4K4/+R+R+B+B5/SSSSGG3/9/9/9/9/9/8k b 2P 1"  # black may declare a win
PATIENCE = 30.0  # seconds, against a hang


class Client:
    """An engine and what it told."""

    def __init__(self, game: str = "tictactoe", model: Model | None = None, **options: object) -> None:
        self.game = load_game(game)
        self.shape: Shape = self.game.spec.shapes[0]
        fake = model or HashModel(self.game.spec, self.shape)
        self.engine = Engine(lambda _: fake, replace(EngineOptions(), **options))  # type: ignore[arg-type]  # by name
        self.infos: list[SearchInfo] = []
        self.results: list[SearchResult] = []
        self.informed = threading.Event()

    def _on_info(self, info: SearchInfo) -> None:
        self.infos.append(info)
        self.informed.set()

    def start(self, limits: Limits, position: Position | None = None, interval_ms: float | None = None) -> None:
        self.informed.clear()
        self.engine.go(
            position or self.game.initial(self.shape),
            limits,
            on_info=self._on_info,
            on_done=self.results.append,
            info_interval_ms=interval_ms,
        )

    def go(self, limits: Limits, position: Position | None = None) -> SearchResult:
        self.start(limits, position)
        assert self.engine.wait(PATIENCE)
        return self.results[-1]


def _position(game: str, text: str) -> Position:
    return load_game(game).from_text(text)


@pytest.mark.parametrize("game", BUILT_IN)
@pytest.mark.parametrize("nodes", [1, 7, 200])
def test_nodes_are_exact_and_reports_hold_together(game: str, nodes: int) -> None:
    client = Client(game)
    position = client.game.initial(client.shape)
    result = client.go(Limits(nodes=nodes), position)
    info = result.info
    assert client.engine.error is None
    assert info is client.infos[-1]
    assert info.nodes == nodes == sum(move.visits for move in info.moves)
    assert next(move.action for move in info.moves if move.visits) == result.action
    assert sorted(move.action for move in info.moves) == position.legal_actions().tolist()
    assert sum(move.prior for move in info.moves) == pytest.approx(1.0, abs=1e-5)
    assert 1 <= info.depth <= info.seldepth
    for move in info.moves:
        assert sum(move.wdl) == pytest.approx(1.0)
        assert min(move.wdl) >= -1e-9
        assert move.pv[0] == move.action
        replay = position.copy()
        for action in move.pv:
            assert replay.outcome() is None
            replay.push(action)  # raises if it is not legal
    if result.ponder is not None:
        assert result.ponder == info.moves[0].pv[1]


def test_the_same_seed_nodes_and_threads_give_the_same_move() -> None:
    results = [Client("chess", temperature=1.0, seed=7).go(Limits(nodes=300)) for _ in range(2)]
    assert results[0].action == results[1].action
    assert [m.visits for m in results[0].info.moves] == [m.visits for m in results[1].info.moves]


def test_temperature_varies_the_move_with_the_seed() -> None:
    actions = {Client("chess", temperature=1.0, seed=seed).go(Limits(nodes=100)).action for seed in range(1, 12)}
    assert len(actions) > 1
    late = {
        Client("chess", temperature=1.0, temperature_plies=0, seed=seed).go(Limits(nodes=100)).action
        for seed in range(1, 6)
    }
    assert len(late) == 1


def test_limited_strength_searches_less() -> None:
    weak = Client("chess", limit_strength=True, elo=900, seed=1).go(Limits(nodes=500))
    strong = Client("chess", limit_strength=True, elo=1500, seed=1).go(Limits(nodes=500))
    assert weak.info.nodes == 4
    assert strong.info.nodes == 64


class MatedModel(HashModel):
    """Sees the game end behind every move."""

    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        out = super().recurrent_inference(latent, action)
        return replace(out, discount=np.zeros_like(out.discount), reward=np.ones_like(out.reward))


@pytest.mark.parametrize(
    "limits",
    [
        Limits(depth=30),
        Limits(mate=30),
        Limits(nodes=300),
        Limits(move_time_ms=30),
        Limits(clock=Clock(remaining_ms=300)),
        Limits(depth=30, mate=30),
        Limits(mate=1),
    ],
    ids=str,
)
@pytest.mark.parametrize("ends_everywhere", [False, True])
@pytest.mark.parametrize(
    "fen",
    [
        "7k/8/5K1Q/8/8/8/8/8 b - - 0 1",  # one move, and mate behind it
        "8/8/4k3/8/8/3K4/8/8 w - - 0 1",  # drawn, but there are moves: each is a draw at once
        "8/8/8/8/8/6k1/5q2/7K w - - 0 1",  # no move at all
        "k7/8/1K6/8/8/8/8/7R w - - 0 1",  # mate in one
        "7k/5Q2/8/8/8/8/8/K7 b - - 99 80",  # the next move ends the game
        "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",
    ],
)
def test_every_limit_ends_a_search(fen: str, ends_everywhere: bool, limits: Limits) -> None:
    spec = load_game("chess").spec
    model = MatedModel(spec, (8, 8)) if ends_everywhere else None
    client = Client("chess", model)
    client.go(limits, _position("chess", fen))
    assert client.engine.error is None
    assert client.results[-1].info.nodes < 20_000


def test_a_depth_beyond_the_end_of_every_line_is_given_up() -> None:
    client = Client("chess", MatedModel(load_game("chess").spec, (8, 8)))
    assert client.go(Limits(depth=3)).info.depth == 1


def test_a_hash_that_cannot_be_had_is_said_and_searched_with_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "machine_mb", lambda: 100.0)
    client = Client("chess", hash_mb=1 << 20)
    client.engine.prepare((8, 8))
    assert client.engine.notice == "a hash of 1048576 MB cannot be had here: searching with 75 MB"
    assert client.go(Limits(nodes=50)).info.nodes == 50
    assert client.engine.error is None
    client.engine.configure(replace(client.engine.options, hash_mb=16))
    client.engine.prepare((8, 8))
    assert client.engine.notice is None


def test_no_machine_has_a_hash_beyond_all_bounds() -> None:
    client = Client("chess", hash_mb=1 << 20)
    assert client.go(Limits(nodes=20)).info.nodes == 20


def test_memory_that_the_system_refuses_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(size: int, **_: object) -> None:
        if size > 40 << 20:
            raise MemoryError

    monkeypatch.setattr("muzero_engine.engine.memory.np.empty", refusing)
    monkeypatch.setattr(memory, "machine_mb", lambda: None)
    assert memory.obtainable_mb(256) == 32
    assert memory.obtainable_mb(20) == 20


def test_a_clock_never_pays_for_another_network() -> None:
    game = load_game("tictactoe")
    loaded: list[str] = []

    def load(options: EngineOptions) -> Model:
        loaded.append(options.precision)
        return HashModel(game.spec, (3, 3))

    engine = Engine(load)
    client = Client()
    client.engine = engine
    client.go(Limits(clock=Clock(remaining_ms=50)))  # there is none yet
    assert loaded == ["auto"]
    engine.configure(EngineOptions(precision="fp32"))
    assert engine.stale
    for limits in (Limits(clock=Clock(remaining_ms=50)), Limits(move_time_ms=5)):
        client.go(limits)
        assert loaded == ["auto"]
        assert "not loaded on a clock" in (engine.notice or "")
    engine.prepare((3, 3))
    assert loaded == ["auto", "fp32"]
    assert not engine.stale
    assert engine.notice is None
    engine.configure(EngineOptions(precision="int8"))
    client.go(Limits(nodes=5))
    assert loaded == ["auto", "fp32", "int8"]


def test_depth_limit() -> None:
    result = Client("go").go(Limits(depth=3))
    assert result.info.depth >= 3
    assert result.info.nodes < 5000


@pytest.mark.parametrize(
    "limits",
    [
        Limits(move_time_ms=50),
        Limits(clock=Clock(remaining_ms=500)),
        Limits(clock=Clock(byoyomi_ms=60)),
        Limits(clock=Clock(remaining_ms=1, increment_ms=10)),
        Limits(clock=Clock(remaining_ms=0)),
        Limits(move_time_ms=0),
    ],
)
def test_time_ends_a_search(limits: Limits) -> None:
    result = Client("chess").go(limits)
    assert result.action is not None
    assert result.info.nodes >= 1


def test_infinite_waits_for_stop_even_at_a_node_limit() -> None:
    client = Client()
    client.start(Limits(infinite=True, nodes=50))
    assert client.informed.wait(PATIENCE)
    assert not client.engine.wait(0.05)
    assert client.results == []
    client.engine.stop()
    assert client.engine.wait(PATIENCE)
    assert len(client.results) == 1
    assert client.results[0].info.nodes == 50


def test_ponder_holds_its_result_until_ponderhit() -> None:
    client = Client()
    client.start(Limits(ponder=True, nodes=20))
    assert client.informed.wait(PATIENCE)
    assert not client.engine.wait(0.05)
    client.engine.ponderhit()
    assert client.engine.wait(PATIENCE)
    assert client.results[0].info.nodes == 20


def test_ponder_then_a_clock() -> None:
    client = Client("chess")
    client.start(Limits(ponder=True, clock=Clock(remaining_ms=100_000)))
    assert not client.engine.wait(0.02)
    client.engine.ponderhit(Clock(byoyomi_ms=60))
    assert client.engine.wait(PATIENCE)
    assert len(client.results) == 1


def test_a_clock_with_ponderhit_ends_a_ponder_without_limits() -> None:
    client = Client()
    client.start(Limits(ponder=True))
    assert not client.engine.wait(0.02)
    client.engine.ponderhit(Clock(byoyomi_ms=30))
    assert client.engine.wait(PATIENCE)
    assert len(client.results) == 1


def test_draw_values_are_winning_rates() -> None:
    """To a player for whom a draw is as good as a win, a drawing move is the best; to its opponent the worst."""
    position = _position("chess", "k7/P7/8/2K5/8/8/8/8 w - - 0 1")
    stalemate = position.parse_action("c5b6")
    model = ConfidentModel(load_game("chess").spec.num_actions((8, 8)), (8, 8), value=0.5, favourite=stalemate)
    assert Client("chess", model, draw_value_black=1000).go(Limits(nodes=20), position).action == stalemate
    assert Client("chess", model, draw_value_black=0).go(Limits(nodes=20), position).action != stalemate
    assert Client("chess", model, draw_value_white=1000).go(Limits(nodes=20), position).action != stalemate


def test_stop_ends_pondering() -> None:
    client = Client()
    client.start(Limits(ponder=True))
    client.engine.stop()
    assert client.engine.wait(PATIENCE)
    assert len(client.results) == 1


def test_a_new_go_ends_the_old_one_with_its_own_result() -> None:
    client = Client()
    client.start(Limits(infinite=True))
    client.start(Limits(nodes=3))
    assert client.engine.wait(PATIENCE)
    assert len(client.results) == 2


def test_reports_come_at_the_interval() -> None:
    client = Client()
    client.start(Limits(infinite=True), interval_ms=10.0)
    for _ in range(3):
        assert client.informed.wait(PATIENCE)
        client.informed.clear()
    client.engine.stop()
    assert client.engine.wait(PATIENCE)


def test_root_actions_restrict_the_search() -> None:
    result = Client().go(Limits(nodes=30, root_actions=(2, 6)))
    assert sorted(move.action for move in result.info.moves) == [2, 6]
    everything = Client().go(Limits(nodes=30, root_actions=()))
    assert len(everything.info.moves) == 9


@pytest.mark.parametrize("root_search", ["puct", "gumbel"])
@pytest.mark.parametrize(
    ("game", "text", "move"),
    [
        ("chess", "6k1/5ppp/8/8/8/8/5PPP/R5K1 w - - 0 1", "a1a8"),
        ("chess", "r5k1/5ppp/8/8/8/8/5PPP/6K1 b - - 0 1", "a8a1"),
        ("chess", "7k/6pp/7N/8/2Q5/8/6PP/7K w - - 0 1", "c4g8"),
        ("shogi", "4k4/9/4P4/9/9/9/9/9/4K4 b G 1", "G*5b"),
        ("tictactoe", None, None),
    ],
)
def test_mate_in_one_is_never_missed(root_search: str, game: str, text: str | None, move: str | None) -> None:
    """Against a model that is sure of another move, with a handful of simulations."""
    if text is None or move is None:
        position = load_game("tictactoe").initial((3, 3))
        for action in (0, 3, 1, 4):
            position.push(action)
        wins = [2]
    else:
        position = _position(game, text)
        wins = [position.parse_action(move)]
    spec = load_game(game).spec
    shape = position.shape
    others = [a for a in position.legal_actions().tolist() if a not in wins]
    model = ConfidentModel(spec.num_actions(shape), shape, value=0.9, favourite=others[0])
    for nodes in (1, 10, 100):
        result = Client(game, model, root_search=root_search).go(Limits(nodes=nodes), position)
        assert result.action in wins
        assert result.info.moves[0].ends == 1.0
        assert result.ponder is None


@pytest.mark.parametrize("root_search", ["puct", "gumbel"])
def test_a_won_game_is_not_ended_by_stalemate(root_search: str) -> None:
    position = _position("chess", "7k/8/6K1/8/8/8/8/5Q2 w - - 0 1")
    stalemate = position.parse_action("f1f7")
    spec = load_game("chess").spec
    model = ConfidentModel(spec.num_actions((8, 8)), (8, 8), value=0.9, favourite=stalemate)
    for nodes in (1, 10, 100):
        result = Client("chess", model, root_search=root_search).go(Limits(nodes=nodes), position)
        assert result.action != stalemate


@pytest.mark.parametrize("root_search", ["puct", "gumbel"])
@pytest.mark.parametrize(
    ("game", "cycle", "times"),
    [("chess", "g1f3 g8f6 f3g1 f6g8", 2), ("shogi", "2h3h 8b7b 3h2h 7b8b", 3)],
)
@pytest.mark.parametrize("value", [0.7, -0.7])
def test_repetition_is_avoided_when_winning_and_sought_when_losing(
    root_search: str, game: str, cycle: str, times: int, value: float
) -> None:
    """One move before the position returns for the last time the rules allow."""
    position = load_game(game).initial(load_game(game).spec.shapes[0])
    moves = cycle.split() * times
    for move in moves[:-1]:
        position.push(position.parse_action(move))
    repeating = position.parse_action(moves[-1])
    assert position.ending_actions() == {repeating: 0.0}
    spec = load_game(game).spec
    favourite = repeating if value > 0 else int(position.legal_actions()[0])
    model = ConfidentModel(spec.num_actions(position.shape), position.shape, value=value, favourite=favourite)
    result = Client(game, model, root_search=root_search).go(Limits(nodes=40), position)
    assert (result.action == repeating) == (value < 0)


@pytest.mark.parametrize(
    ("value", "komi", "passes"),
    [
        (0.9, 7.5, False),  # white need only pass as well
        (0.9, 0.0, False),  # a draw
        (0.9, -7.5, True),
        (-0.9, 7.5, True),  # it knows that it has lost
    ],
)
def test_a_pass_does_not_give_up_what_the_search_thinks_is_won(value: float, komi: float, passes: bool) -> None:
    game = load_game("go")
    position = game.initial((5, 5))
    assert isinstance(position, GoPosition)
    position.set_komi(komi)
    action = position.parse_action("pass")
    model = ConfidentModel(game.spec.num_actions((5, 5)), (5, 5), value=value, favourite=action)
    result = Client("go", model).go(Limits(nodes=20), position)
    assert (result.action == action) == passes
    assert sorted(move.action for move in result.info.moves) == position.legal_actions().tolist()
    assert position.ply == 0
    for seed in range(1, 9):
        varied = Client("go", model, temperature=1.0, temperature_plies=100, seed=seed)
        assert varied.go(Limits(nodes=50), position).action != action or passes
    only = Client("go", model).go(Limits(nodes=20, root_actions=(action,)), position)
    assert only.action == action


def test_no_legal_move() -> None:
    mated = _position("chess", "rnb1kbnr/pppp1ppp/8/4p3/6Pq/5P2/PPPPP2P/RNBQKBNR w KQkq - 1 3")
    client = Client("chess")
    result = client.go(Limits(nodes=10), mated)
    assert result.action is None
    assert result.info.moves == ()
    assert result.info.value == -1.0


def test_resigning_counts_turns_below_the_threshold() -> None:
    spec = load_game("tictactoe").spec
    model = ConfidentModel(spec.num_actions((3, 3)), (3, 3), value=-0.95, favourite=4)
    client = Client(model=model, resign_value=-0.9, resign_turns=3)
    assert [client.go(Limits(nodes=20)).resign for _ in range(4)] == [False, False, True, True]
    client.engine.new_game()
    assert not client.go(Limits(nodes=20)).resign
    never = Client(model=model)
    assert not any(never.go(Limits(nodes=20)).resign for _ in range(5))


def _hopeless(game: str, position: Position, **options: object) -> Client:
    """An engine whose network thinks that all is lost, and that resigns at once then."""
    spec = load_game(game).spec
    favourite = int(position.legal_actions()[0])
    model = ConfidentModel(spec.num_actions(position.shape), position.shape, value=-0.97, favourite=favourite)
    return Client(game, model, resign_value=-0.9, resign_turns=1, **options)


@pytest.mark.parametrize("root_search", ["puct", "gumbel"])
@pytest.mark.parametrize(("komi", "value"), [(7.5, -1.0), (0.0, 0.0), (-7.5, 1.0)])
def test_nobody_resigns_who_can_end_the_game_without_losing_it(root_search: str, komi: float, value: float) -> None:
    """On an empty 5x5 board white passed, and black's pass ends the game."""
    position = load_game("go").initial((5, 5))
    assert isinstance(position, GoPosition)
    position.set_komi(komi)
    position.set_mover(1)
    position.push(position.parse_action("pass"))
    assert position.ending_actions() == {25: value}
    result = _hopeless("go", position, root_search=root_search).go(Limits(nodes=50), position)
    assert result.resign == (value < 0)
    assert (result.action == 25) == (value >= 0)
    assert result.info.value == pytest.approx(max(value, -0.97))
    assert result.info.network_value == pytest.approx(-0.97)


def test_a_draw_that_counts_as_a_loss_does_not_keep_from_resigning() -> None:
    position = load_game("go").initial((5, 5))
    assert isinstance(position, GoPosition)
    position.set_komi(0.0)
    position.set_mover(1)
    position.push(position.parse_action("pass"))
    client = _hopeless("go", position, draw_value_black=0)
    assert client.go(Limits(nodes=50), position).resign


def test_nobody_resigns_who_can_declare_a_win() -> None:
    position = _position("shogi", DECLARABLE)
    assert position.can_declare_win()
    result = _hopeless("shogi", position).go(Limits(nodes=20), position)
    assert result.declare_win
    assert not result.resign


def test_pondering_that_missed_and_analysis_are_no_turns() -> None:
    position = load_game("tictactoe").initial((3, 3))
    client = _hopeless("tictactoe", position)
    client.start(Limits(ponder=True, nodes=5))
    client.engine.stop()
    assert client.engine.wait(PATIENCE)
    client.start(Limits(infinite=True, nodes=5))
    client.engine.stop()
    assert client.engine.wait(PATIENCE)
    client.start(Limits(ponder=True, nodes=5))
    client.engine.ponderhit()
    assert client.engine.wait(PATIENCE)
    assert [result.resign for result in client.results] == [False, False, True]


def test_a_search_that_a_new_game_overtakes_counts_for_the_old_one() -> None:
    spec = load_game("tictactoe").spec
    model = ConfidentModel(spec.num_actions((3, 3)), (3, 3), value=-0.95, favourite=4)
    client = Client(model=model, resign_value=-0.9, resign_turns=2)
    position = client.game.initial((3, 3))

    def begin_another_game(_: SearchInfo) -> None:
        client.engine.new_game()

    client.engine.go(position, Limits(nodes=5), on_info=begin_another_game, on_done=client.results.append)
    assert client.engine.wait(PATIENCE)
    assert [client.go(Limits(nodes=5)).resign for _ in range(2)] == [False, True]


def test_a_model_that_cannot_be_loaded_still_gives_a_move() -> None:
    def refuse(_: EngineOptions) -> Model:
        raise ValueError("weights are not there: reinstall")

    client = Client("chess")
    client.engine = Engine(refuse)
    with pytest.raises(ValueError, match="not there"):
        client.engine.prepare(client.shape)
    result = client.go(Limits(move_time_ms=10))
    assert result.action in client.game.initial(client.shape).legal_actions()
    assert client.engine.error == "weights are not there: reinstall"


def test_a_model_that_fails_in_mid_search_still_gives_a_move() -> None:
    class Failing(HashModel):
        def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
            if self.calls == 3:
                raise RuntimeError("out of memory\nand more")
            return super().recurrent_inference(latent, action)

    client = Client("chess", Failing(load_game("chess").spec, (8, 8)))
    result = client.go(Limits(nodes=1000))
    assert result.action is not None
    assert client.engine.error == "out of memory"
    assert len(client.results) == 1


def test_the_model_is_loaded_again_only_when_its_options_change() -> None:
    loaded: list[EngineOptions] = []
    tuned: list[Shape] = []
    game = load_game("tictactoe")

    def load(options: EngineOptions) -> Model:
        loaded.append(options)
        return HashModel(game.spec, (3, 3))

    def tune(_: Model, shape: Shape) -> int:
        tuned.append(shape)
        return 4

    client = Client()
    client.engine = Engine(load, tune_batch=tune)
    client.engine.prepare((3, 3))
    client.go(Limits(nodes=5))
    client.engine.configure(replace(client.engine.options, multipv=3))
    client.go(Limits(nodes=5))
    assert len(loaded) == 1
    client.engine.configure(replace(client.engine.options, threads=2))
    client.go(Limits(nodes=5))
    assert len(loaded) == 2
    assert tuned == [(3, 3), (3, 3)]


def test_a_stop_while_the_model_loads_is_obeyed_after_the_first_batch() -> None:
    loading, loaded = threading.Event(), threading.Event()
    tuned: list[Shape] = []
    game = load_game("tictactoe")

    def load(_: EngineOptions) -> Model:
        loading.set()
        assert loaded.wait(PATIENCE)
        return HashModel(game.spec, (3, 3))

    def tune(_: Model, shape: Shape) -> int:
        tuned.append(shape)
        return 4

    client = Client()
    client.engine = Engine(load, tune_batch=tune)
    client.start(Limits(infinite=True))
    assert loading.wait(PATIENCE)
    client.engine.stop()
    assert not client.engine.wait(0.02)
    loaded.set()
    assert client.engine.wait(PATIENCE)
    (result,) = client.results
    assert 1 <= result.info.nodes <= FIXED_BATCH
    assert client.engine.error is None
    assert tuned == []  # it would take half a second more
    client.go(Limits(move_time_ms=1))
    assert tuned == [(3, 3)]


def test_an_engine_that_is_closed_while_the_model_loads_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("muzero_engine.engine.engine.CLOSE_SECONDS", 0.0)
    loading, loaded = threading.Event(), threading.Event()
    game = load_game("tictactoe")

    def load(_: EngineOptions) -> Model:
        loading.set()
        assert loaded.wait(PATIENCE)
        return HashModel(game.spec, (3, 3))

    client = Client()
    client.engine = Engine(load, tune_batch=lambda model, shape: 1 if model.latent_levels == 0 else 2)
    client.start(Limits(nodes=5))
    assert loading.wait(PATIENCE)
    client.engine.close()
    loaded.set()
    assert client.engine.wait(PATIENCE)
    assert client.engine.error is None
    assert len(client.results) == 1


def test_the_collector_is_left_as_it_is() -> None:
    """It belongs to the process, in which there may be two engines and more than engines."""
    before = gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()
    during = []
    client = Client()
    client.engine.go(
        client.game.initial(client.shape),
        Limits(nodes=5),
        on_info=lambda _: during.append((gc.isenabled(), gc.get_threshold(), gc.get_freeze_count())),
        on_done=client.results.append,
    )
    assert client.engine.wait(PATIENCE)
    assert set(during) == {before}
    assert (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()) == before


def test_no_search_outlives_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches by nodes and by time take other batches, so that each needs a tree of its own; nothing but a reference
    count frees the one before."""
    made: list[weakref.ref[Search]] = []

    def make(model: Model, config: SearchConfig) -> Search:
        search = Search(model, config)
        made.append(weakref.ref(search))
        return search

    monkeypatch.setattr("muzero_engine.engine.engine.Search", make)
    enabled = gc.isenabled()
    gc.disable()
    try:
        game = load_game("chess")
        client = Client("chess")
        client.engine = Engine(lambda _: HashModel(game.spec, (8, 8)), tune_batch=lambda _model, _shape: 4)
        for root_search in ("puct", "gumbel") * 2:
            client.engine.configure(replace(client.engine.options, root_search=root_search))
            client.go(Limits(nodes=40))
            client.go(Limits(move_time_ms=5))
        assert len(made) == 8
        assert [search() is None for search in made] == [True] * 7 + [False]
        client.engine.close()
        assert made[-1]() is None
    finally:
        if enabled:
            gc.enable()


def test_close_delivers_what_is_owed() -> None:
    client = Client()
    client.start(Limits(infinite=True))
    client.engine.close()
    assert len(client.results) == 1


def test_ownership_is_passed_on() -> None:
    info = Client("go").go(Limits(nodes=4)).info
    assert info.ownership is not None
    assert info.ownership.shape == load_game("go").spec.shapes[0]
    assert np.abs(info.ownership).max() <= 1.0
