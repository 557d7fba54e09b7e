"""The options table of muzero_engine/engine/README.md. `python -m support.options_table`, in `tests/`, prints it."""

from __future__ import annotations

from muzero_engine.engine.options import Kind, OptionInfo, all_options

HEAD = ("flag", "UCI", "USI", "GTP", "default", "meaning")


def row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def name(names: tuple[str, ...]) -> str:
    return f"`{names[0]}`" if names else ""


def values(info: OptionInfo) -> str:
    """Return what the option takes, for people."""
    if info.kind is Kind.COMBO:
        return f" ({', '.join(info.choices)})"
    if info.minimum is None or info.maximum is None:
        return ""
    return f" ({info.minimum:.10g} to {info.maximum:.10g})"


def default(info: OptionInfo) -> str:
    if info.kind is Kind.CHECK:
        return "on" if info.default else "off"
    return "" if info.default is None else str(info.default)


def table() -> str:
    rows = [row(HEAD), row(("-",) * len(HEAD))]
    for info in all_options():
        flag = "--" + info.field.replace("_", "-")
        names = (name(info.uci), name(info.usi), name(info.gtp))
        rows.append(row((f"`{flag}`", *names, default(info), info.help + values(info))))
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
