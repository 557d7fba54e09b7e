"""`python -m muzero_engine` is `muzero-engine`."""

from muzero_engine.cli import main

if __name__ == "__main__":
    main()
