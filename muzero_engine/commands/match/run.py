"""A match that is played: the missing games, how it stands meanwhile, and the reports at its end."""

from __future__ import annotations

from collections.abc import Sequence

import click

from muzero_engine import __version__
from muzero_engine.commands.common.interrupts import INTERRUPTED, signals_as_ctrl_c
from muzero_engine.commands.match.flags import IDENTITIES, MACHINE, PAGE, match_facts
from muzero_engine.figures import PicturesUnavailable
from muzero_engine.games.record import GameRecord
from muzero_engine.installing import install_command
from muzero_engine.match.play.game import GamePlan
from muzero_engine.match.play.runner import Runner
from muzero_engine.match.records.moves import move_count
from muzero_engine.match.records.store import Store
from muzero_engine.match.results.page import SCORES, Played, write_page, write_pictures
from muzero_engine.match.results.standings import Standings, make_standings
from muzero_engine.match.results.statistics import HeadToHead, Sprt, SprtDecision, Tally
from muzero_engine.match.results.summary import write_summary
from muzero_engine.match.results.tables import cross_table, fault_lines, match_line, rating_table, stalled_lines
from muzero_engine.match.settings.match_settings import MatchSettings

MOST_NAMED = 4  # engines in a title


class MatchRun:
    """Plays the games that are missing and shows how it stands."""

    def __init__(
        self,
        settings: MatchSettings,
        runner: Runner,
        store: Store,
        plans: Sequence[GamePlan],
        sprt: Sprt | None,
        anchors: dict[str, float],
        *,
        every: int,
        quiet: bool,
    ) -> None:
        self._settings = settings
        self._runner = runner
        self._store = store
        self._plans = plans
        self._sprt = sprt
        self._anchors = anchors
        self._every = every
        self._quiet = quiet
        self._names = [engine.name for engine in settings.engines]
        self._tally = Tally(store.records)  # counted on as games come: there may be a million

    def play(self) -> None:
        """Play until the end, or until Ctrl-C, SIGTERM or a closed terminal, and write the reports."""
        store = self._store
        played = store.played()
        missing = [plan for plan in self._plans if (plan.pair, plan.game) not in played]
        click.echo(store.to_play(len(missing)))
        finished = False
        with signals_as_ctrl_c():
            try:
                if not self._decided():
                    self._runner.run(missing, self._take)
                finished = True
            except KeyboardInterrupt:
                click.echo("stopped; the same command with --resume goes on")
        with store.writing():
            self._report(finished=finished)
        if not finished:
            raise SystemExit(INTERRUPTED)

    def _take(self, record: GameRecord) -> bool:
        """Keep a game and show it; return whether to go on."""
        self._store.add(record)
        self._tally.add(record)
        count = len(self._store.records)
        if not self._quiet:
            click.echo(
                f"{count}/{len(self._plans)}: {record.first} - {record.second} {SCORES[record.points]} "
                f"({record.reason}; {move_count(record)} moves, {record.duration_s:.1f} s)"
            )
        if self._every and count % self._every == 0:
            click.echo(self._standing())
        return not self._decided()

    def _decided(self) -> bool:
        return self._sprt is not None and self._sprt.state(self._results()).decision is not SprtDecision.OPEN

    def _results(self) -> HeadToHead:
        return self._tally.between(self._names[0], self._names[1])

    def _standings(self) -> Standings:
        return make_standings(self._tally, self._names, self._anchors)

    def _standing(self) -> str:
        """Write the table that is shown on the way."""
        if len(self._names) == 2:
            return match_line(self._names[0], self._names[1], self._results(), self._sprt)
        return rating_table(self._standings())

    def _report(self, *, finished: bool) -> None:
        records, folder = self._store.records, self._store.folder
        if not records:
            return
        standings = self._standings()
        more = len(self._names) - MOST_NAMED
        title = f"{self._settings.game.game}: {', '.join(self._names[:MOST_NAMED])}"
        title += f" and {more} more" if more > 0 else ""
        click.echo(f"\n{rating_table(standings)}\n\n{cross_table(standings)}")
        if len(self._names) == 2:
            click.echo(f"\n{self._standing()}")
        for line in (*fault_lines(records), *stalled_lines(records)):
            click.echo(f"\n{line}")
        write_summary(
            folder,
            records,
            standings,
            facts=match_facts(self._settings),
            finished=finished,
            sprt=self._sprt,
        )
        played = Played(
            event=self._store.event,
            records=records,
            engines=self._settings.engines,
            identities=self._store.facts.get(IDENTITIES, {}),
        )
        write_page(standings, title, self._facts(finished), folder / PAGE, played=played, sprt=self._sprt)
        click.echo(f"\ngames and reports: {folder}")
        try:
            write_pictures(standings, title, folder)
        except PicturesUnavailable as error:
            click.echo(f"{error}: {install_command('pictures')}")

    def _facts(self, finished: bool) -> list[tuple[str, str]]:
        records = self._store.records
        limits = {str(engine.control) for engine in self._settings.engines}
        each = [f"{engine.name} {engine.control}" for engine in self._settings.engines]
        return [
            ("games", f"{len(records)} of {len(self._plans)}" + ("" if finished else ", interrupted")),
            ("time control", ", ".join(each) if len(limits) > 1 else limits.pop()),
            ("format", self._settings.format.value),
            ("seed", str(self._settings.seed)),
            ("last game", records[-1].started),
            ("machine", str(self._store.facts.get(MACHINE) or "not known")),
            ("runner", f"muzero-engine {__version__}"),
            *(("faults", line) for line in fault_lines(records)),
            *(("stalls", line) for line in stalled_lines(records)),
        ]
