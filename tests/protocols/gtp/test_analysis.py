"""The analysis commands: arguments, formats, and the way their output is split by the clients."""

from __future__ import annotations

import math
import re

import pytest
from support.gtp_session import DOUBT, Talk

from muzero_engine.protocols.gtp.params import GtpSettings

KATA_KEYS = (
    "visits edgeVisits utility winrate scoreMean scoreStdev scoreLead scoreSelfplay prior lcb utilityLcb weight order"
)


@pytest.fixture
def talk() -> Talk:
    return Talk(shape=(5, 5))


def analyse(talk: Talk, line: str) -> str:
    """One line of output of an analysis command that is then ended by an empty line."""
    talk.session.handle(line)
    assert talk.output.next() == "="
    talk.scripted.report()
    info = talk.output.next()
    talk.session.handle("")
    assert talk.output.until("")[-1] == ""
    return info


def entries(line: str) -> list[tuple[dict[str, str], list[str]]]:
    """(fields, variation) of each move of a line, split as Sabaki does it."""
    result = []
    for part in re.split(r"\s*info\s+", line.strip())[1:]:
        fields, _, pv = part.partition(" pv ")
        words = fields.split()
        result.append((dict(zip(words[::2], words[1::2], strict=True)), pv.split()))
    return result


def test_leela_zero_form(talk: Talk) -> None:
    line = analyse(talk, "lz-analyze b 50")
    assert line.startswith("info move A1 visits 100 winrate 7500 prior 500 lcb 7500 order 0 pv A1 A2 info move A2 ")
    moves = entries(line)
    assert len(moves) == 25
    assert [fields["order"] for fields, _ in moves] == [str(i) for i in range(25)]
    assert all(list(fields) == ["move", "visits", "winrate", "prior", "lcb", "order"] for fields, _ in moves)
    assert all(pv[0] == fields["move"] for fields, pv in moves)


def test_katago_form(talk: Talk) -> None:
    line = analyse(talk, "kata-analyze w 50")
    moves = entries(line)
    assert all(list(fields) == ["move", *KATA_KEYS.split()] for fields, _ in moves)
    for fields, _ in moves:
        for key in KATA_KEYS.split():
            assert ("." in fields[key]) == (key not in ("visits", "edgeVisits", "order"))
    first = moves[0][0]
    assert first["winrate"] == "0.750000"
    assert first["utility"] == "0.500000"
    assert first["scoreLead"] == "3.028483"  # of a winning rate of 0.75 on a board of 5x5


def test_the_lead_of_each_move_agrees_with_its_winning_rate(talk: Talk) -> None:
    talk.scripted.owned = 0.5  # which komi 7.5 makes 5 points for black
    for line in ("kata-analyze b 50", "kata-analyze w 50"):
        moves = [fields for fields, _ in entries(analyse(talk, line))]
        rates = [float(fields["winrate"]) for fields in moves]
        leads = [float(fields["scoreLead"]) for fields in moves]
        assert all((rate > 0.5) == (lead > 0.0) for rate, lead in zip(rates, leads, strict=True) if rate != 0.5)
        assert leads == sorted(leads, reverse=True)  # as the winning rates are
        spread = math.log(0.8413 / 0.1587) * DOUBT  # of one standard deviation of a normal distribution
        assert float(moves[0]["scoreStdev"]) == pytest.approx(spread, rel=0.15)


def test_the_lead_is_what_the_winning_rate_is_worth_at_another_komi(talk: Talk) -> None:
    """0.625 is ln(5/3) of a scale of DOUBT points, whoever is ahead on the board."""
    talk.scripted.owned = 0.2
    line = analyse(talk, "kata-analyze b interval 50 rootInfo true")
    match = re.search(r"rootInfo .* winrate 0\.625000 .* scoreLead (\S+)", line)
    assert match is not None
    assert float(match[1]) == pytest.approx(math.log(5 / 3) * DOUBT, abs=0.3)


def test_visits_and_ownership_of_moves(talk: Talk) -> None:
    talk.scripted.owned = 0.6
    line = analyse(talk, "kata-analyze w 50 maxmoves 1 pvVisits true movesOwnership true ownershipStdev true")
    match = re.fullmatch(r"info move .+ pv A1 A2 pvVisits 100 100 movesOwnership (.+) ownershipStdev (.+)", line)
    assert match is not None
    assert [float(x) for x in match[1].split()] == [pytest.approx(-0.6)] * 25
    assert [float(x) for x in match[2].split()] == [pytest.approx(0.8)] * 25


def test_analysis_searches_wider_at_the_root_where_it_is_asked_to(talk: Talk) -> None:
    talk.ask("kata-set-param analysisWideRootNoise 0.5")
    analyse(talk, "kata-analyze b 50")
    assert talk.scripted.root_widening == 3.0
    talk.ask("genmove b")
    assert talk.scripted.root_widening == 1.0


def test_root_info_and_ownership_come_last_and_only_if_asked(talk: Talk) -> None:
    talk.scripted.owned = 1.0
    line = analyse(talk, "kata-analyze b interval 50 rootInfo true ownership true")
    match = re.fullmatch(r"(info move .+ pv [A-Z0-9 ]+) rootInfo (visits 1000 .+) ownership ((?:-?\d\.\d+ ?)+)", line)
    assert match is not None
    root = match[2].split()
    assert dict(zip(root[::2], root[1::2], strict=True))["winrate"] == "0.625000"
    assert [float(x) for x in match[3].split()] == [1.0] * 25
    silent = analyse(talk, "kata-analyze b 50 ownership false rootInfo false movesOwnershipStdev true")
    assert "ownership" not in silent
    assert "rootInfo" not in silent
    assert analyse(talk, "kata-analyze w 50 ownership true").endswith("ownership " + " ".join(["-1.000000"] * 25))


def test_no_result_value(talk: Talk) -> None:
    assert entries(analyse(talk, "kata-analyze noResultValue true"))[0][0]["noResultValue"] == "0.000000"


def test_colour_and_interval_may_be_left_out(talk: Talk) -> None:
    analyse(talk, "kata-analyze")
    assert talk.scripted.interval_ms is None
    analyse(talk, "lz-analyze 25")
    assert talk.scripted.interval_ms == 250.0
    analyse(talk, "lz-analyze interval 30")
    assert talk.scripted.interval_ms == 300.0
    analyse(talk, "kata-analyze W interval 10 maxmoves 2")
    assert talk.scripted.interval_ms == 100.0
    analyse(talk, "kata-analyze black 0")
    assert talk.scripted.interval_ms is None


def test_number_of_moves(talk: Talk) -> None:
    assert len(entries(analyse(talk, "lz-analyze 50 maxmoves 3"))) == 3
    assert len(entries(analyse(talk, "kata-analyze 50 minmoves 20 maxmoves 2"))) == 2


def test_allow_and_avoid_restrict_the_root(talk: Talk) -> None:
    moves = [fields["move"] for fields, _ in entries(analyse(talk, "lz-analyze b allow b c3,B2 1 allow b D4 9"))]
    assert moves == ["B2", "C3", "D4"]
    moves = [fields["move"] for fields, _ in entries(analyse(talk, "kata-analyze b avoid b A1,A2 1 avoid b A3 100"))]
    assert moves[0] == "A4"
    assert len(moves) == 22
    everything = entries(analyse(talk, "lz-analyze b avoid w A1 5 avoid b B1 0"))
    assert len(everything) == 25


def test_pass_is_shown_where_it_is_best_only(talk: Talk) -> None:
    assert all(fields["move"] != "pass" for fields, _ in entries(analyse(talk, "lz-analyze b")))
    talk.ask("play b C3")
    talk.ask("play w pass")
    first = entries(analyse(talk, "lz-analyze b"))[0]
    assert first[0]["move"] == "pass"
    assert first[1] == ["pass"]
    assert entries(analyse(talk, "lz-analyze b allow b pass 1"))[0][0]["move"] == "pass"


def test_length_of_variations() -> None:
    talk = Talk(shape=(5, 5), settings=GtpSettings(pv_length=1))
    talk.scripted.pv_moves = 5
    assert max(len(pv) for _, pv in entries(analyse(talk, "kata-analyze"))) == 2  # one move after the first
    talk.ask("kata-set-param analysisPVLen 2")
    assert max(len(pv) for _, pv in entries(analyse(talk, "kata-analyze"))) == 3


@pytest.mark.parametrize(
    "line",
    [
        "kata-analyze x 50",
        "kata-analyze b 50 ownership",
        "kata-analyze b 50 ownership perhaps",
        "kata-analyze b 50 colour blue",
        "lz-analyze b 50 ownership true",
        "lz-analyze b -50",
        "lz-analyze b interval soon",
        "lz-analyze b allow b D4",
        "lz-analyze b allow b I9 1",
        "lz-analyze b avoid b D4 soon",
        "lz-genmove_analyze q",
        "kata-analyze b allow b C3 1 avoid b C3 1",
    ],
)
def test_bad_arguments_are_refused_before_anything_is_printed(talk: Talk, line: str) -> None:
    assert talk.refuse(line)
    assert "go" not in talk.scripted.events


def test_the_session_board_is_not_turned(talk: Talk) -> None:
    before = talk.ask("showboard")
    analyse(talk, "lz-analyze w 50")
    talk.ask("reg_genmove w")
    assert talk.ask("showboard") == before


def test_raw_network(talk: Talk) -> None:
    talk.ask("play b C3")
    talk.scripted.owned = 0.5
    text = talk.ask("kata-raw-nn 0").split()
    assert text[:2] == ["symmetry", "0"]
    assert float(text[text.index("whiteWin") + 1]) == pytest.approx((1 - 0.25 + 0.25) / 2)  # draw 0.25, value 0.25
    policy = text[text.index("policy") + 1 :][:25]
    assert [x for x in policy if x == "NAN"] == ["NAN"]
    assert policy[12] == "NAN"
    assert float(policy[7]) == pytest.approx(float(policy[6]) * math.exp(-1.0), abs=1e-5)
    owned = text[text.index("whiteOwnership") + 1 :]
    assert owned == ["-0.500000"] * 25
    talk.refuse("kata-raw-nn 3")
