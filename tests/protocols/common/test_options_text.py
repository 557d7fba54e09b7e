"""Options as UCI and USI offer and set them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.engine.options import EngineOptions, Kind, OptionInfo, find_option, protocol_options
from muzero_engine.games.base import EngineProtocol
from muzero_engine.protocols.common.options_text import RESERVED_WORDS, option_line, parse_setoption, value_text

TEXT_PROTOCOLS = (EngineProtocol.UCI, EngineProtocol.USI, EngineProtocol.UGI)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Hash", "option name Hash type spin default 256 min 8 max 1048576"),
        ("Ponder", "option name Ponder type check default false"),
        ("CPuct", "option name CPuct type string default 0.7"),
        ("WeightsFile", "option name WeightsFile type string default <empty>"),
        ("RootSearch", "option name RootSearch type combo default gumbel var puct var gumbel"),
    ],
)
def test_each_kind_has_its_form(name: str, line: str) -> None:
    assert option_line(find_option(EngineProtocol.UCI, name), EngineProtocol.UCI) == line


def test_the_offered_default_is_what_the_engine_was_started_with() -> None:
    info = find_option(EngineProtocol.USI, "USI_Hash")
    assert option_line(info, EngineProtocol.USI, 64) == "option name USI_Hash type spin default 64 min 8 max 1048576"


@pytest.mark.parametrize("path", ["my max net", "my default net", "a type"])
def test_a_default_that_would_break_the_line_is_hidden(path: str) -> None:
    info = find_option(EngineProtocol.UCI, "WeightsFile")
    assert option_line(info, EngineProtocol.UCI, path).endswith("default <empty>")


def test_a_space_in_a_default_is_hidden_from_usi_only() -> None:
    info = find_option(EngineProtocol.UCI, "WeightsFile")
    assert option_line(info, EngineProtocol.UCI, "my nets/w").endswith("default my nets/w")
    assert option_line(info, EngineProtocol.USI, "my nets/w").endswith("default <empty>")


@pytest.mark.parametrize("protocol", TEXT_PROTOCOLS)
def test_clients_can_split_every_line(protocol: EngineProtocol) -> None:
    for info in protocol_options(protocol):
        words = option_line(info, protocol).split()
        assert words[:2] == ["option", "name"]
        assert [words.count(word) for word in ("name", "type", "default")] == [1, 1, 1]
        assert words.count("var") == len(info.choices)
        assert not RESERVED_WORDS.intersection(info.names(protocol)[0].lower().split())
        if protocol is EngineProtocol.USI:
            assert " " not in info.names(protocol)[0]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("name Hash value 3", ("Hash", "3")),
        ("name Clear Hash", ("Clear Hash", None)),
        ("  name  Move   Overhead\tvalue  30 ", ("Move Overhead", "30")),
        ("name X value", ("X", "")),
        ("name WeightsFile value /nets/value b  c", ("WeightsFile", "/nets/value b  c")),
        ("Hash value 3", ("Hash", "3")),
        ("name", None),
        ("", None),
    ],
)
def test_setoption(arguments: str, expected: tuple[str, str | None] | None) -> None:
    assert parse_setoption(arguments) == expected


@given(st.text())
def test_setoption_reads_anything(arguments: str) -> None:
    parse_setoption(arguments)


@given(st.data(), st.sampled_from(TEXT_PROTOCOLS))
def test_written_values_are_read_back(data: st.DataObject, protocol: EngineProtocol) -> None:
    info: OptionInfo = data.draw(st.sampled_from(protocol_options(protocol)))
    value: bool | int | float | str
    match info.kind:
        case Kind.CHECK:
            value = data.draw(st.booleans())
        case Kind.SPIN:
            value = data.draw(st.integers(int(info.minimum or 0), int(info.maximum or 0)))
        case Kind.FLOAT:
            value = data.draw(st.floats(info.minimum, info.maximum))
        case Kind.COMBO:
            value = data.draw(st.sampled_from(info.choices))
        case Kind.STRING:
            value = data.draw(st.text(alphabet="abc/ _.value", min_size=0, max_size=20)).strip()
    parsed = parse_setoption(f"name {info.names(protocol)[0]} value {value_text(value)}")
    assert parsed is not None
    assert parsed[1] is not None
    options = EngineOptions().with_text(protocol, parsed[0], parsed[1])
    assert getattr(options, info.field) == value
