"""The line of a running training: steps, rates, losses, time."""

from __future__ import annotations

import dataclasses
import io

import pytest

from muzero_engine.training.report.progress import (
    Progress,
    Status,
    bar,
    clock_text,
    plain_number,
    short_number,
    status_line,
)
from muzero_engine.training.report.words import ENVIRONMENT_WORDS

STATUS = Status(
    step=1_200,
    steps=4_000,
    games=12_345,
    plies=654_321,
    moves_per_second=1_234.5,
    simulations_per_second=1_090_000.0,
    losses=(("policy", 1.2345), ("value", 0.5)),
    seconds_left=754.2,
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_line_tells_steps_rates_losses_and_time() -> None:
    assert status_line(STATUS) == (
        "step 1,200/4,000 (30%)  12,345 games  654,321 plies  1.23k moves/s  1.09M simulations/s"
        "  policy 1.234  value 0.500  12:34 left"
    )


def test_the_line_of_an_environment_tells_episodes_steps_and_what_they_return() -> None:
    status = dataclasses.replace(STATUS, words=ENVIRONMENT_WORDS, mean_return=12.3456)
    assert status_line(status) == (
        "step 1,200/4,000 (30%)  12,345 episodes  654,321 environment steps  1.23k environment steps/s"
        "  1.09M simulations/s  return 12.35  policy 1.234  value 0.500  12:34 left"
    )


def test_on_a_terminal_the_return_is_seen_and_nothing_is_cut_in_its_middle() -> None:
    status = dataclasses.replace(STATUS, words=ENVIRONMENT_WORDS, mean_return=12.3456)
    assert status_line(status, width=97 - 23) == "step 1,200/4,000 (30%)  12:34 left  return 12.35  12,345 episodes"
    doing = status_line(dataclasses.replace(status, doing="evaluation"), width=97 - 23)
    assert doing == "step 1,200/4,000 (30%)  evaluation  12:34 left  return 12.35"
    whole = status_line(status, width=1000)
    assert whole.endswith("  1.09M simulations/s  policy 1.234  value 0.500")
    for width in range(22, len(whole) + 1):
        line = status_line(status, width=width)
        assert len(line) <= width
        assert f"{whole}  ".startswith(f"{line}  ")


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [
        (0.125, 4, "0.125"),
        (-12.3456, 4, "-12.35"),
        (10_000.0, 4, "10000"),
        (9_999.7, 4, "10000"),
        (-5.97e-07, 4, "0"),
        (0.000123456, 3, "0.000123"),
        (1234.5, 3, "1234"),
        (1e30, 4, "1e+30"),
    ],
)
def test_numbers_are_told_as_people_write_them(number: float, digits: int, text: str) -> None:
    assert plain_number(number, digits) == text


def test_before_the_first_step_the_line_tells_how_full_the_replay_is() -> None:
    filling = dataclasses.replace(STATUS, step=0, losses=(), filled=0.257, doing="")
    assert status_line(filling) == (
        "filling the replay (25%)  12,345 games  654,321 plies  1.23k moves/s  1.09M simulations/s"
        "  first step in about 12:34"
    )
    assert "  matches  12:34 left" in status_line(dataclasses.replace(STATUS, doing="matches"))


def test_the_bar_is_full_at_the_end_and_not_before() -> None:
    assert bar(0.0) == f"[{'-' * 20}]"
    assert bar(0.999) == f"[{'#' * 19}-]"
    assert bar(1.0) == f"[{'#' * 20}]"


def test_a_line_out_of_a_signals_handler_ends_the_open_one() -> None:
    stream = Terminal()
    progress = Progress(stream)
    progress.show(lambda: STATUS)
    progress.note_from_handler("stopping")
    progress.note("stopped")
    assert stream.getvalue().endswith("\r\x1b[Kstopping\nstopped\n")


def test_a_run_goes_on_where_nobody_can_be_told() -> None:
    class Gone(Terminal):
        def write(self, _: str) -> int:
            raise OSError(5, "Input/output error")

    progress = Progress(Gone())
    progress.show(lambda: STATUS)
    progress.note("a note")
    progress.note_from_handler("stopping")
    progress.close()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (7.4, "7"),
        (950, "950"),
        (999.6, "1.00k"),
        (1_234, "1.23k"),
        (9_999, "10.0k"),
        (45_600, "45.6k"),
        (99_990, "100k"),
        (456_000, "456k"),
        (999_900, "1.00M"),
        (1_090_000, "1.09M"),
        (2.5e9, "2.50G"),
    ],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert short_number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (6.6, "0:07"), (59.7, "1:00"), (754, "12:34"), (11_100, "3:05:00"), (-3, "0:00")]
)
def test_clocks(seconds: float, text: str) -> None:
    assert clock_text(seconds) == text


def test_a_log_gets_whole_lines_every_so_often() -> None:
    now = [0.0]
    stream = io.StringIO()
    progress = Progress(stream, every=10.0, clock=lambda: now[0])
    for second in range(21):
        now[0] = float(second)
        progress.show(lambda: STATUS)
    progress.note("done")
    progress.close()
    assert stream.getvalue() == (status_line(STATUS) + "\n") * 3 + "done\n"


def test_a_terminal_gets_one_line_that_is_rewritten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(len("[######--------------] step 1,200/4,000 (30%)  12:34 left  12,345^C") + 1))
    stream = Terminal()
    progress = Progress(stream, every=0.0)
    progress.show(lambda: STATUS)
    progress.show(lambda: STATUS)
    progress.note("checkpoint")
    progress.show(lambda: STATUS)
    progress.close()
    clipped = "[######--------------] step 1,200/4,000 (30%)  12:34 left"  # whole words
    assert stream.getvalue() == (f"\r\x1b[K{clipped}\r\x1b[K{clipped}\r\x1b[Kcheckpoint\n\r\x1b[K{clipped}\n")


def test_only_one_process_speaks() -> None:
    stream = io.StringIO()
    progress = Progress(stream, silent=True)
    progress.show(lambda: STATUS)
    progress.note("done")
    progress.close()
    assert stream.getvalue() == ""
