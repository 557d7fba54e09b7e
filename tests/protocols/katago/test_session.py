"""KataGo's JSON analysis protocol: queries, answers, actions, whatever comes; and the queries that KaTrain sends."""

from __future__ import annotations

import gc
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.gtp_session import GoScriptedEngine, load_hash_model
from support.transcript import Output

from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Limits
from muzero_engine.games.go.rules import GoPosition
from muzero_engine.protocols.common.stdio import Inbox, Writer, run_session
from muzero_engine.protocols.katago import session as module
from muzero_engine.protocols.katago import waiting
from muzero_engine.protocols.katago.query import QueryError, parse_query
from muzero_engine.protocols.katago.session import DEFAULT_VISITS, KatagoAnalysisSession

ROOT = Path(__file__).parents[3]
BASE: dict[str, Any] = {"id": "q", "rules": "tromp-taylor", "boardXSize": 5, "boardYSize": 5, "moves": []}
KATRAIN: dict[str, Any] = {  # as KaTrain's engine.py builds it
    "rules": "japanese",
    "priority": 0,
    "analyzeTurns": [2],
    "maxVisits": 40,
    "komi": 6.5,
    "boardXSize": 9,
    "boardYSize": 9,
    "includeOwnership": True,
    "includeMovesOwnership": True,
    "includePolicy": True,
    "initialStones": [],
    "initialPlayer": "B",
    "moves": [["B", "E5"], ["W", "C3"]],
    "overrideSettings": {"reportAnalysisWinratesAs": "BLACK", "maxTime": 8.0, "wideRootNoise": 0.04},
    "reportDuringSearchEvery": 1,
    "id": "QUERY:1",
}


class Desk:
    """A session and its answers."""

    def __init__(self) -> None:
        self.engine = GoScriptedEngine()
        self.output = Output()
        self.inbox = Inbox()
        self.session = KatagoAnalysisSession(self.engine, Writer(self.output), self.inbox, version="1.2.3")

    def send(self, *queries: object) -> list[dict[str, Any]]:
        """Hands queries over, all at once but for the first, and returns what comes back."""
        lines = [query if isinstance(query, str) else json.dumps(query) for query in queries]
        for line in lines[1:]:
            self.inbox.put(line)
        already = len(self.output.all)
        assert self.session.handle(lines[0])
        return [json.loads(line) for line in self.output.all[already:]]

    def one(self, **changes: object) -> dict[str, Any]:
        """The only answer to the basic query with changes."""
        (answer,) = self.send({**BASE, **changes})
        return answer


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(module, "_READ_S", 60.0)  # all lines that wait are read before the next search
    return Desk()


def test_an_answer_has_what_clients_read(desk: Desk) -> None:
    answer = desk.one(maxVisits=30)
    assert desk.engine.limits == Limits(nodes=30)
    assert (answer["id"], answer["turnNumber"], answer["isDuringSearch"]) == ("q", 0, False)
    assert "ownership" not in answer
    assert "policy" not in answer
    assert answer["rootInfo"]["visits"] == 1000
    assert answer["rootInfo"]["winrate"] == 0.625
    best = answer["moveInfos"][0]
    assert best["move"] == "A1"
    assert best["pv"] == ["A1", "A2"]
    assert best["winrate"] == 0.75
    assert [move["order"] for move in answer["moveInfos"]] == list(range(26))


def test_views(desk: Desk) -> None:
    desk.engine.owned = 1.0
    for to_move, view, black in (
        ("B", "BLACK", True),
        ("B", "WHITE", False),
        ("B", "SIDETOMOVE", True),
        ("W", "BLACK", False),
        ("W", "WHITE", True),
        ("W", "SIDETOMOVE", True),
    ):
        answer = desk.one(
            initialPlayer=to_move,
            komi=0.5,
            includeOwnership=True,
            overrideSettings={"reportAnalysisWinratesAs": view},
        )
        assert answer["rootInfo"]["currentPlayer"] == to_move
        assert answer["rootInfo"]["winrate"] == (0.625 if black else 0.375)
        blacks_board = view == "BLACK" or (view == "SIDETOMOVE" and to_move == "B")
        assert answer["ownership"] == [1.0 if blacks_board else -1.0] * 25
        assert answer["rootInfo"]["scoreLead"] == pytest.approx(0.140816 if black else -0.140816)
        assert answer["rootInfo"]["rawLead"] == answer["rootInfo"]["scoreLead"]
        assert answer["rootInfo"]["rawWinrate"] == answer["rootInfo"]["winrate"]


def test_turns_are_answered_by_priority(desk: Desk) -> None:
    moves = [["B", "C3"], ["W", "C4"], ["B", "pass"]]
    answers = desk.send({**BASE, "moves": moves, "analyzeTurns": [0, 1, 3], "priorities": [0, 5, 2]})
    assert [answer["turnNumber"] for answer in answers] == [1, 3, 0]
    assert [answer["rootInfo"]["currentPlayer"] for answer in answers] == ["W", "W", "B"]
    late = desk.send({**BASE, "id": "low"}, {**BASE, "id": "high", "priority": 3}, {**BASE, "id": "low too"})
    assert [answer["id"] for answer in late] == ["high", "low", "low too"]
    assert desk.one(moves=moves)["turnNumber"] == 3


def test_a_search_is_answered_before_all_queries_are_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_READ_S", 0.0)
    assert [answer["id"] for answer in desk.send({**BASE, "id": "first"}, {**BASE, "id": "second"})] == ["first"]
    line = desk.inbox.get()
    assert line is not None
    assert [answer["id"] for answer in desk.send(line)] == ["second"]


def test_policy_marks_illegal_moves(desk: Desk) -> None:
    policy = desk.one(moves=[["B", "A5"]], includePolicy=True)["policy"]
    assert len(policy) == 26
    assert [i for i, prior in enumerate(policy) if prior < 0] == [0]


@pytest.mark.parametrize(("player", "depth", "warned"), [("B", 1, False), ("B", 3, True), ("W", 1, True)])
def test_what_avoided_moves_do_not_avoid_is_told(desk: Desk, player: str, depth: int, warned: bool) -> None:
    avoided = {"player": player, "moves": ["C3"], "untilDepth": depth}
    *warnings, _ = desk.send({**BASE, "avoidMoves": [avoided, avoided]})
    assert [warning["field"] for warning in warnings] == ["avoidMoves"] * warned


def test_the_policy_is_the_networks_whatever_is_asked_of_the_search(desk: Desk) -> None:
    policy = desk.one(includePolicy=True)["policy"]
    avoided = {"player": "B", "moves": ["C3"], "untilDepth": 1}
    assert desk.one(includePolicy=True, avoidMoves=[avoided])["policy"] == policy
    assert desk.one(includePolicy=True, overrideSettings={"wideRootNoise": 1.0})["policy"] == policy


def test_allowed_and_avoided_moves(desk: Desk) -> None:
    def best(**changes: object) -> list[str]:
        return [move["move"] for move in desk.one(**changes)["moveInfos"]]

    allow = {"player": "B", "moves": ["C3", "pass"], "untilDepth": 1}
    assert best(allowMoves=[allow]) == ["C3", "pass"]
    assert best(avoidMoves=[{**allow, "moves": ["A1", "A2"]}])[0] == "A3"
    assert len(desk.send({**BASE, "avoidMoves": [{**allow, "player": "W"}]})[1]["moveInfos"]) == 26
    assert desk.one(allowMoves=[allow], avoidMoves=[allow])["field"] == "avoidMoves"


def test_limits(desk: Desk) -> None:
    for changes, limits in (
        ({}, Limits(nodes=DEFAULT_VISITS)),
        ({"overrideSettings": {"maxTime": 2}}, Limits(move_time_ms=2000.0)),
        ({"overrideSettings": {"maxTime": 2, "maxVisits": 7}}, Limits(nodes=7, move_time_ms=2000.0)),
    ):
        desk.one(**changes)
        assert desk.engine.limits == limits


def test_handicap_and_komi_by_the_rules() -> None:
    stones = [["B", "C3"], ["B", "D4"]]
    for rules, bonus in (("tromp-taylor", 0), ("chinese", 2), ("aga", 1), ({"whiteHandicapBonus": "N-1"}, 1)):
        query = parse_query({**BASE, "rules": rules, "komi": 0.5, "initialStones": stones}, "q")
        assert query.game.komi == 0.5 + bonus
        assert query.game.mover(0) == 1
    query = parse_query({**BASE, "initialStones": [*stones, ["W", "A1"]], "whiteHandicapBonus": "N"}, "q")
    assert query.game.komi == 7.5
    played = parse_query({**BASE, "rules": "chinese", "komi": 0.5, "moves": [*stones, ["W", "A1"], ["B", "A2"]]}, "q")
    assert played.game.komi == 2.5
    assert parse_query({**BASE, "rules": "chinese", "moves": [stones[0], ["W", "A1"], stones[1]]}, "q").game.komi == 7.5


def test_points_may_be_counted() -> None:
    moves = [["B", "(0,4)"], ["W", "(4, 0)"]]
    named = [["B", "A1"], ["W", "E5"]]
    texts = [parse_query({**BASE, "moves": each}, "q").game for each in (moves, named)]
    assert texts[0] == texts[1]
    with pytest.raises(QueryError, match="no vertex"):
        parse_query({**BASE, "moves": [["B", "(0,5)"]]}, "q")


def test_rules_that_cannot_be_played_give_a_warning_and_an_answer(desk: Desk) -> None:
    warning, answer = desk.send({**BASE, "rules": "japanese"})
    assert warning["field"] == "rules"
    assert warning["id"] == "q"
    assert "area" in warning["warning"]
    assert answer["moveInfos"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rules": "calvinball"}, "rules"),
        ({"rules": 3}, "rules"),
        ({"rules": {"gravity": True}}, "rules"),
        ({"boardXSize": 20}, "boardXSize"),
        ({"boardYSize": 5.5}, "boardYSize"),
        ({"boardXSize": None}, "boardXSize"),
        ({"komi": "much"}, "komi"),
        ({"komi": float("inf")}, "komi"),
        ({"komi": 6.7}, "komi"),
        ({"moves": [["B", "Z9"]]}, "moves"),
        ({"moves": [["B"]]}, "moves"),
        ({"moves": "B C3"}, "moves"),
        ({"moves": [["B", "C3"], ["W", "C3"]]}, "moves"),
        ({"initialStones": [["B", "pass"]]}, "initialStones"),
        ({"initialStones": [["B", "A1"], ["W", "A2"], ["W", "B1"]]}, "initialStones"),
        ({"initialPlayer": "green"}, "initialPlayer"),
        ({"analyzeTurns": [1]}, "analyzeTurns"),
        ({"analyzeTurns": []}, "analyzeTurns"),
        ({"analyzeTurns": [0.5]}, "analyzeTurns"),
        ({"priorities": [1, 2]}, "priorities"),
        ({"maxVisits": 0}, "maxVisits"),
        ({"maxVisits": 10**400}, "maxVisits"),
        ({"includePolicy": "yes"}, "includePolicy"),
        ({"overrideSettings": []}, "overrideSettings"),
        ({"overrideSettings": {"reportAnalysisWinratesAs": "GREEN"}}, "overrideSettings"),
        ({"avoidMoves": [3]}, "avoidMoves"),
        ({"avoidMoves": [{"player": "B", "moves": ["C3"]}]}, "avoidMoves"),
        ({"allowMoves": [{"moves": ["C3"], "untilDepth": 1}]}, "allowMoves"),
        ({"allowMoves": [{"player": "B", "untilDepth": 1}]}, "allowMoves"),
        ({"action": "dance"}, "action"),
        ({"action": "terminate"}, "terminateId"),
        ({"action": "terminate", "terminateId": "q", "turnNumbers": [0, "x"]}, "turnNumbers"),
    ],
)
def test_bad_queries_name_the_field(desk: Desk, changes: dict[str, object], field: str) -> None:
    answer = desk.one(**changes)
    assert answer["id"] == "q"
    assert answer["field"] == field
    assert answer["error"]
    assert "go" not in desk.engine.events


def test_a_position_is_made_when_its_search_begins(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A position with its history is a hundred kilobytes: 3 GB waited with a thousand games and all their turns."""
    alive, searches = [], itertools.count()
    go = desk.engine.go

    def count_and_go(*args: Any, **settings: Any) -> None:
        if next(searches) % 60 == 0:  # it takes a while: all that Python holds is looked through
            alive.append(sum(type(one) is GoPosition for one in gc.get_objects()))
        go(*args, **settings)

    monkeypatch.setattr(desk.engine, "go", count_and_go)
    gc.collect()
    others = sum(type(one) is GoPosition for one in gc.get_objects())
    moves = [["BW"[i % 2], f"{'ABCDE'[i % 5]}{1 + i // 5}"] for i in range(12)]
    queries = [{**BASE, "id": str(i), "moves": moves, "analyzeTurns": [*range(13)]} for i in range(20)]
    answers = desk.send(*queries)
    assert [(a["id"], a["turnNumber"]) for a in answers] == [(str(i), turn) for i in range(20) for turn in range(13)]
    assert max(alive) - others <= 5


def test_more_than_may_wait_is_refused_and_the_rest_answered(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MOST_QUERIES", 3)
    answers = desk.send(*({**BASE, "id": str(i)} for i in range(5)))
    assert [a["id"] for a in answers if "moveInfos" in a] == ["0", "1", "2"]
    assert [a["id"] for a in answers if "too much is waiting" in a.get("error", "")] == ["3", "4"]
    monkeypatch.setattr(waiting, "MOST_CHARACTERS", 200)
    assert "too much is waiting" in desk.one(id="q" * 200)["error"]
    assert desk.one()["moveInfos"]  # what was answered, terminated or refused waits no longer
    desk.send(BASE, {"id": "t", "action": "terminate_all"})
    assert desk.one()["moveInfos"]


def test_a_fault_in_a_search_is_told_and_the_next_query_answered(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(desk.engine, "prepare", lambda shape: {}[shape])
        assert "internal error: KeyError" in desk.one()["error"]
    assert desk.one()["moveInfos"]


def test_an_illegal_move_is_called_so(desk: Desk) -> None:
    assert "Illegal move 1" in desk.one(moves=[["B", "C3"], ["W", "C3"]])["error"]  # KaTrain looks for these words


@pytest.mark.parametrize("line", ["{", "[]", "3", '{"id":3}', "{}", "[" * 100_000, '{"id":"a","x":' + "9" * 5000 + "}"])
def test_lines_that_are_no_query(desk: Desk, line: str) -> None:
    (answer,) = desk.send(line)
    assert list(answer) == ["error"]


def test_actions(desk: Desk) -> None:
    assert desk.send("") == []
    query = {"id": "v", "action": "query_version"}
    assert desk.send(query) == [{**query, "version": "1.2.3", "git_hash": "<omitted>"}]
    for query in ({"id": "c", "action": "clear_cache"}, {"id": "t", "action": "terminate", "terminateId": "none"}):
        assert desk.send(query) == [query]


def test_terminate_takes_queries_out_of_the_queue(desk: Desk) -> None:
    end = {"id": "t", "action": "terminate", "terminateId": "q", "turnNumbers": [0, 2]}
    moves = [["B", "C3"], ["W", "C4"]]
    answers = desk.send({**BASE, "moves": moves, "analyzeTurns": [0, 1, 2]}, {**BASE, "id": "other"}, end)
    assert answers[0] == end
    assert [a["turnNumber"] for a in answers if a.get("noResults")] == [0, 2]
    assert [(a["id"], a["turnNumber"]) for a in answers if "moveInfos" in a] == [("q", 1), ("other", 0)]
    everything = desk.send(BASE, {"id": "t", "action": "terminate_all"})
    assert [a.get("noResults") for a in everything] == [None, True]


def test_terminate_ends_a_running_search_with_its_result(desk: Desk) -> None:
    desk.engine.hold = True
    end = json.dumps({"id": "t", "action": "terminate", "terminateId": "q"})
    wait = desk.engine.wait

    def wait_for_input(timeout: float | None = None) -> bool:
        if desk.engine.searching and "stop" not in desk.engine.events and not desk.inbox.wait(0.0):
            desk.inbox.put(end)
        return wait(timeout)

    desk.engine.wait = wait_for_input  # type: ignore[method-assign]  # the line comes in the middle of the search
    answers = desk.send(BASE)
    assert answers[0]["id"] == "t"
    assert answers[-1]["moveInfos"]
    assert answers[-1]["isDuringSearch"] is False
    assert "noResults" not in answers[-1]


def test_reports_during_the_search_come_only_if_asked_for(desk: Desk) -> None:
    assert len(desk.send(BASE)) == 1
    during, final = desk.send({**BASE, "reportDuringSearchEvery": 0.1})
    assert desk.engine.interval_ms == 100.0
    assert during["isDuringSearch"] is True
    assert final["isDuringSearch"] is False


def test_a_model_that_cannot_be_loaded(desk: Desk) -> None:
    desk.engine.broken = "no such weights"
    assert desk.one() == {"error": "no such weights", "id": "q"}


def test_everything_queued_is_answered_before_the_end(desk: Desk) -> None:
    for i in range(3):
        desk.inbox.put(json.dumps({**BASE, "id": str(i)}))
    desk.inbox.close()
    run_session(desk.session, desk.inbox)
    assert [json.loads(line)["id"] for line in desk.output.all] == ["0", "1", "2"]


def test_a_katrain_query_with_a_real_search() -> None:
    lines = [
        KATRAIN,
        {**KATRAIN, "id": "QUERY:2", "moves": [], "analyzeTurns": [0]},
        {"id": "v", "action": "query_version"},
    ]
    done = subprocess.run(
        [sys.executable, "-m", "support.gtp_fake", "analysis"],
        input="".join(json.dumps(line) + "\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
    )
    assert done.stderr == ""
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert "v" in [answer["id"] for answer in answers]
    results = {a["id"]: a for a in answers if a.get("isDuringSearch") is False}
    assert set(results) == {"QUERY:1", "QUERY:2"}
    for answer in results.values():
        assert answer["rootInfo"]["visits"] == 40
        assert len(answer["ownership"]) == 81
        assert len(answer["policy"]) == 82
        assert sum(p for p in answer["policy"] if p >= 0) == pytest.approx(1.0, abs=1e-4)
        assert all(move["pv"][0] == move["move"] for move in answer["moveInfos"])
        assert sum(move["visits"] for move in answer["moveInfos"]) <= 40


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 30),
        st.floats(),
        st.sampled_from(["B", "W", "C3", "pass", "japanese", "chinese", "q", "N", "terminate", "query_version"]),
        st.text(max_size=5),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["moves", "player", "ko"]), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [*KATRAIN, "avoidMoves", "allowMoves", "priorities", "action", "terminateId", "turnNumbers", "x"]
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=3))
def test_every_query_gets_an_answer(changes: dict[str, object]) -> None:
    answers = Desk().send({**BASE, **changes})
    assert answers
    assert all("error" in a or a["id"] == changes.get("id", "q") for a in answers)
    assert not any("internal" in a.get("error", "") for a in answers)


def test_what_else_may_be_asked_for(desk: Desk) -> None:
    desk.engine.owned = 0.6
    names = "OwnershipStdev MovesOwnership MovesOwnershipStdev PVVisits NoResultValue".split()
    flags = {f"include{name}": True for name in names}
    answer = desk.one(initialPlayer="W", **flags)
    assert answer["ownershipStdev"] == [pytest.approx(0.8)] * 25
    best = answer["moveInfos"][0]
    assert best["ownership"] == [pytest.approx(0.6)] * 25  # black's view
    assert best["ownershipStdev"] == [pytest.approx(0.8)] * 25
    assert best["pvVisits"] == best["pvEdgeVisits"] == [100, 100]
    assert best["noResultValue"] == 0.0
    desk.engine.pv_moves = 5
    assert [len(desk.one(analysisPVLen=moves)["moveInfos"][0]["pv"]) for moves in (1, 3, 9)] == [2, 4, 5]
    assert len(desk.one(overrideSettings={"analysisPVLen": 2})["moveInfos"][0]["pv"]) == 3
    plain = desk.one()
    assert not {"ownershipStdev", "ownership"} & {*plain, *plain["moveInfos"][0]}


def test_fields_and_settings_without_effect_are_warned_of(desk: Desk) -> None:
    settings = {"wideRootNoise": 0.5, "playoutDoublingAdvantage": 1.0}
    *warnings, answer = desk.send({**BASE, "includeOwnerships": True, "overrideSettings": settings})
    assert [warning["field"] for warning in warnings] == ["includeOwnerships", "overrideSettings"]
    assert "playoutDoublingAdvantage" in warnings[1]["warning"]
    assert answer["moveInfos"]
    assert desk.engine.root_widening == 3.0


def test_models_can_be_queried(desk: Desk) -> None:
    (answer,) = desk.send({"id": "m", "action": "query_models"})
    assert answer["id"] == "m"
    assert set(answer["models"][0]) >= {"name", "internalName", "maxBatchSize", "usesHumanSLProfile", "version"}


def test_the_players_of_katrain_find_what_they_read() -> None:
    """Through the real engine: its simple and settling players read the ownership after each move."""
    output = Output()
    session = KatagoAnalysisSession(Engine(load_hash_model), Writer(output), Inbox())
    session.handle(json.dumps(KATRAIN))
    session.close()
    answers = [json.loads(line) for line in output.all]
    assert [answer["field"] for answer in answers if "warning" in answer] == ["rules"]
    final = answers[-1]
    assert not final["isDuringSearch"]
    for move in final["moveInfos"]:
        assert len(move["ownership"]) == 81
        assert {"scoreLead", "winrate", "visits", "pv", "prior", "order"} <= set(move)
    assert len({tuple(move["ownership"]) for move in final["moveInfos"]}) > 1


def test_queries_without_measure_are_answered_in_bounds(desk: Desk) -> None:
    passes = [["B" if i % 2 == 0 else "W", "pass"] for i in range(4001)]
    assert desk.one(moves=passes)["field"] == "moves"
    turns = [
        answer["turnNumber"] for answer in desk.send({**BASE, "moves": passes[:9], "analyzeTurns": [3, 5, 3] * 999})
    ]
    assert turns == [3, 5]
    *warnings, answer = desk.send({**BASE, **{f"field{i}": i for i in range(1000)}})
    assert len(warnings) == 21
    assert "980 more" in warnings[-1]["warning"]
    assert answer["moveInfos"]


@pytest.mark.parametrize("action", ["query_version", "clear_cache", "no_action"])
@pytest.mark.parametrize("depth", range(850, 1000, 10))
def test_what_is_nested_nearly_too_deep_is_answered_once(
    desk: Desk, capfd: pytest.CaptureFixture[str], action: str, depth: int
) -> None:
    lines = desk.send(f'{{"id":"a","action":"{action}","x":{"[" * depth}{"]" * depth}}}')
    assert len(lines) == 1
    assert capfd.readouterr().err == ""
