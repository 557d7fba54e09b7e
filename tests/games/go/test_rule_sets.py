"""Rules of Go by name, as JSON, and in KataGo's spellings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.gtp_session import Talk

from muzero_engine.games.go.rule_sets import BadRules, Rules, UnplayableRules


@pytest.fixture
def talk() -> Talk:
    return Talk(shape=(9, 9))


def test_rules_add_handicap_points_to_komi(talk: Talk) -> None:
    talk.ask("komi 0.5")
    talk.ask("kata-set-rules chinese")
    talk.ask("fixed_handicap 3")
    assert talk.ask("final_score") == "B+77.5"  # 81 - 0.5 - 3
    assert talk.ask("showboard").endswith("\n3 points of the komi are for handicap")
    talk.ask("kata-set-rule whiteHandicapBonus N-1")
    assert talk.ask("final_score") == "B+78.5"
    talk.ask("kgs-rules new_zealand")
    assert talk.ask("final_score") == "B+80.5"
    assert talk.ask("get_komi") == "0.5"


@pytest.mark.parametrize(
    "lines",
    [
        ("set_free_handicap C3 G7 C7", "play w E5"),
        ("set_position b C3 b G7 b C7", "play w E5"),
        ("play b C3", "play b G7", "play b C7", "play w E5"),
        ("play b C3", "play w pass", "play b G7", "play w pass", "play b C7", "play w E5"),
        ("gogui-setup b C3 b G7 b C7", "play w E5"),
        ("gogui-play_sequence b C3 b G7 b C7 w E5",),
        ("play b C3", "play b G7", "play b C7", "play b C5", "undo", "play w E5"),
    ],
)
def test_handicap_counts_however_it_is_placed(talk: Talk, lines: tuple[str, ...]) -> None:
    for line in ("kata-set-rules chinese", "komi 0.5", *lines):
        talk.ask(line)
    assert talk.ask("final_score") == "W+1.5"  # 3 - 1 - 0.5 - 3
    assert talk.ask("get_komi") == "0.5"


def test_a_record_says_by_which_rules_it_counts(talk: Talk, tmp_path: Path) -> None:
    (tmp_path / "h3.sgf").write_text("(;GM[1]FF[4]SZ[9]KM[0.5]HA[3]RU[Chinese]AB[cc][gg][cg];W[ee];B[];W[])")
    talk.ask("kata-set-rules tromp-taylor")
    talk.ask(f"loadsgf {tmp_path}/h3.sgf")
    assert json.loads(talk.ask("kata-get-rules"))["whiteHandicapBonus"] == "N"
    assert talk.ask("final_score") == "W+1.5"
    assert talk.ask("get_komi") == "0.5"
    (tmp_path / "j3.sgf").write_text("(;GM[1]FF[4]SZ[9]KM[0.5]HA[3]RU[Japanese]AB[cc][gg][cg];W[ee];B[];W[])")
    talk.ask(f"loadsgf {tmp_path}/j3.sgf")
    assert talk.ask("final_score") == "B+1.5"
    written = {"chinese": "Chinese", "aga": "AGA", "nz": "NZ", "tromp-taylor": "Tromp-Taylor"}
    for rules, name in written.items():
        talk.ask(f"kata-set-rules {rules}")
        assert f"RU[{name}]KM[0.5]" in talk.ask("printsgf")


def test_rules_are_json_and_can_be_set_from_it(talk: Talk) -> None:
    rules = json.loads(talk.ask("kata-get-rules"))
    assert rules["scoring"] == "AREA"
    assert rules["ko"] == "POSITIONAL"
    assert rules["suicide"] is False
    rules["whiteHandicapBonus"] = "N"
    talk.ask("kata-set-rules " + json.dumps(rules))
    assert json.loads(talk.ask("kata-get-rules")) == rules
    for name in ("tromp-taylor", "chinese-ogs", "chinese-kgs", "aga", "bga", "new-zealand"):
        talk.ask(f"kata-set-rules {name}")


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("kata-set-rules japanese", "territory"),
        ("kgs-rules japanese", "territory"),
        ("kata-set-rules aga-button", "button"),
        ("kata-set-rules stone-scoring", "tax"),
        ("kata-set-rules calvinball", "unknown"),
        ('kata-set-rules {"scoring":"TERRITORY"}', "AREA"),
        ('kata-set-rules {"tax":"ALL"}', "NONE"),
        ('kata-set-rules {"hasButton":1}', "false"),
        ('kata-set-rules {"scoring"', "JSON"),
        ("kata-set-rule ko EVERYTHING", "SIMPLE"),
        ("kata-set-rule gravity on", "unknown"),
        ("kata-set-rule ko", "usage"),
    ],
)
def test_rules_that_cannot_be_played_are_refused(talk: Talk, line: str, word: str) -> None:
    before = talk.ask("kata-get-rules")
    assert word in talk.refuse(line)
    assert talk.ask("kata-get-rules") == before


def test_rules_count_handicap_stones() -> None:
    assert [Rules("N").handicap_bonus(n) for n in (0, 1, 2, 9)] == [0, 0, 2, 9]
    assert [Rules("N-1").handicap_bonus(n) for n in (0, 2, 9)] == [0, 1, 8]
    with pytest.raises(BadRules):
        Rules.parse("{" * 100_000)


@pytest.mark.parametrize(
    ("text", "bonus", "friendly"),
    [
        ("nz", "0", True),
        ("NewZealand", "0", True),
        ("new zealand", "0", True),
        ("new_zealand", "0", True),
        ("TrompTaylor", "0", False),
        ("tromp_taylor", "0", False),
        ("Chinese-OGS", "N", True),
        ("chinese_kgs", "N", True),
        ("french", "N-1", True),
        ("koSIMPLEscoreAREAtaxNONEsui0whbN-1", "N-1", True),
        ("koPOSITIONALscoreAREAtaxNONEsui1button0whb0fpok0", "0", False),
    ],
)
def test_rules_as_they_are_spelt(text: str, bonus: str, friendly: bool) -> None:
    rules = Rules.parse(text)
    assert (rules.white_handicap_bonus, rules.friendly_pass_ok) == (bonus, friendly)


@pytest.mark.parametrize("text", ["koPOSITIONALscoreAREAtaxNONEsui0komi5.5", '{"komi": 5.5}'])
def test_komi_is_no_rule(text: str) -> None:
    """Nor for KataGo, which sets it by a command and a field of their own."""
    with pytest.raises(BadRules, match="komi"):
        Rules.parse(text)


@pytest.mark.parametrize("text", ["ancient area", "STONE_SCORING", "Japanese", "koSIMPLEscoreTERRITORYtaxSEKIsui0"])
def test_rules_that_are_known_but_not_played(text: str) -> None:
    with pytest.raises(UnplayableRules):
        Rules.parse(text)
