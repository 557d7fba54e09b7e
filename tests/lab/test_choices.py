"""What a study of chosen moves makes of its lines."""

from __future__ import annotations

from lab.studies.choices import summary

LINES = [
    {"nodes": [100, 200], "chosen": {"": ["a", "b"], "c_scale=2": ["a", "a"]}, "scores": {"a": 0.5, "b": 0.6}},
    {"nodes": [100, 200], "chosen": {"": ["a", "a"], "c_scale=2": ["a", "a"]}, "scores": {}},
]


def test_gains_are_means_over_all_positions_against_the_first_setting() -> None:
    *_, more, alike, other = summary(LINES).splitlines()
    assert more.startswith("| defaults | 200 against 100 | 50.0% | +50.00 +-")
    assert alike == "| c_scale=2 | 100 | 0.0% | +0.00 +-0.00 |"
    assert other.startswith("| c_scale=2 | 200 | 50.0% | -50.00 +-")
