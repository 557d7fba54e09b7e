"""`python -m muzero_engine` is `muzero-engine`; the other functions are `muzero-uci` and its like, for GUIs."""

import sys


def main(*command: str) -> None:
    """Run the program. A Ctrl-C while it is loaded ends it as a later one does."""
    try:
        from muzero_engine.cli import main as program

        if command:
            program([*command, *sys.argv[1:]], prog_name="muzero-engine")
        else:
            program()
    except KeyboardInterrupt:
        print("stopped as asked", file=sys.stderr)
        raise SystemExit(130) from None


def uci() -> None:
    """Run `muzero-uci`."""
    main("uci")


def gtp() -> None:
    """Run `muzero-gtp`."""
    main("gtp")


def usi() -> None:
    """Run `muzero-usi`."""
    main("usi")


if __name__ == "__main__":
    main()
