"""GTP parameters (`kata-get-param`, `kata-set-param`): the engine's options and the session's own settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from muzero_engine.engine.engine import Engine
from muzero_engine.engine.options import find_option, protocol_options
from muzero_engine.engine.strength import LEVEL_FIELDS
from muzero_engine.games.base import EngineProtocol
from muzero_engine.protocols.gtp.frame import Args, GtpError, parse_float, parse_int, want_args

_NONE = "none"
MOST_NOISE = 5.0
PV_LENGTH = 15  # moves of a variation after its first, as in KataGo's example configurations


@dataclass(frozen=True, slots=True, kw_only=True)
class GtpSettings:
    """What a session adds to the engine's options; `kata-set-param` changes it by KataGo's names."""

    max_visits: int | None = None  # simulations a move; KataGo's maxVisits
    max_time_s: float | None = None  # seconds a move, whatever the clock says; KataGo's maxTime
    unlimited_move_s: float = 5.0  # seconds a move where neither a clock nor one of the limits above is set
    pv_length: int = PV_LENGTH  # moves of a variation in analysis after its first; KataGo's analysisPVLen
    wide_root_noise: float = 0.0  # how much wider analysis searches at the root; KataGo's analysisWideRootNoise

    @property
    def root_widening(self) -> float:
        """Return what `Engine.go` takes: KataGo raises the root's policy to the power 1 / (4 x + 1).

        There is no noise here.
        """
        return 4.0 * self.wide_root_noise + 1.0


class Parameters:
    """Reads and changes parameters. Names are matched without regard to case."""

    def __init__(self, engine: Engine, settings: GtpSettings, reload: Callable[[], None]) -> None:
        """Take the settings; `reload` loads the network that changed options ask for, so that no clock pays for it."""
        self._engine = engine
        self._reload = reload
        self.settings = settings
        self.commands: dict[str, Callable[[Args], str]] = {
            "kata-list-params": lambda _: " ".join(self._names()),
            "kata-get-param": self._get,
            "kata-set-param": self._set,
        }

    def _names(self) -> list[str]:
        own = ["maxVisits", "maxTime", "analysisPVLen", "analysisWideRootNoise"]
        return own + [info.gtp[0] for info in protocol_options(EngineProtocol.GTP)]

    def _get(self, args: Args) -> str:
        want_args(args, 1, "kata-get-param name")
        settings = self.settings
        match args[0].lower():
            case "maxvisits":
                return _NONE if settings.max_visits is None else str(settings.max_visits)
            case "maxtime":
                return _NONE if settings.max_time_s is None else f"{settings.max_time_s:g}"
            case "analysispvlen":
                return str(settings.pv_length)
            case "analysiswiderootnoise":
                return f"{settings.wide_root_noise:g}"
        try:
            info = find_option(EngineProtocol.GTP, args[0])
        except KeyError:
            raise _unknown(args[0]) from None
        value = getattr(self._engine.options, info.field)
        return str(value).lower() if isinstance(value, bool) else str(value)

    def _set(self, args: Args) -> str:
        """Answer `kata-set-param name value`; `maxVisits` and `maxTime` take "none" as well."""
        want_args(args, 2, "kata-set-param name value")
        name, value = args[0].lower(), " ".join(args[1:])
        match name:
            case "maxvisits":
                visits = _limit(value, args[0])
                self.settings = replace(self.settings, max_visits=None if visits is None else max(int(visits), 1))
            case "maxtime":
                self.settings = replace(self.settings, max_time_s=_limit(value, args[0]))
            case "analysispvlen":
                self.settings = replace(self.settings, pv_length=max(parse_int(value, args[0]), 1))
            case "analysiswiderootnoise":
                noise = parse_float(value, args[0])
                if not 0.0 <= noise <= MOST_NOISE:
                    raise GtpError(f"{args[0]} takes 0 to {MOST_NOISE:g}")
                self.settings = replace(self.settings, wide_root_noise=noise)
            case _:
                try:
                    info = find_option(EngineProtocol.GTP, name)
                    options = self._engine.options.with_text(EngineProtocol.GTP, name, value)
                    options, remark = self._engine.levels(options).as_set_last(EngineProtocol.GTP, name, options)
                    if info.field in LEVEL_FIELDS:
                        self._engine.check(options)
                    self._engine.configure(options)
                except KeyError:
                    raise _unknown(args[0]) from None
                if self._engine.stale:
                    self._reload()
                return remark or ""
        return ""


def _limit(text: str, what: str) -> float | None:
    """Return a number above 0, or None for "none"."""
    if text.lower() == _NONE:
        return None
    number = parse_float(text, what)
    if number <= 0:
        raise GtpError(f"{what} must be more than 0, or none")
    return number


def _unknown(name: str) -> GtpError:
    return GtpError(f"unknown parameter {name!r:.40}: kata-list-params lists them")
