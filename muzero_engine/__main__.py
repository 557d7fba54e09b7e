"""`python -m muzero_engine` is `muzero-engine`."""

import sys


def main() -> None:
    """Run the program. A Ctrl-C while it is loaded ends it as later ones do."""
    try:
        from muzero_engine.cli import main as program
    except KeyboardInterrupt:
        print("stopped as asked", file=sys.stderr)
        raise SystemExit(130) from None
    program()


if __name__ == "__main__":
    main()
