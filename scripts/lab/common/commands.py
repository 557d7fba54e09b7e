"""A folder of commands run as one program, as in `python scripts/lab/bench learner --quick`, and their parsers."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Mapping


def dispatch(folder: str, commands: Mapping[str, str]) -> None:
    """Run the command that the first argument names: `main` of the module of that name, which parses the others.

    `commands` says in one line what each does. Only the module that runs is imported. Where the package refuses
    something, that is said in a line.
    """
    program, *arguments = sys.argv
    command = arguments[0] if arguments else "--help"
    if command not in commands:
        width = max(map(len, commands))
        lines = [f"  {name:{width}}  {text}" for name, text in commands.items()]
        text = "\n".join([f"usage: {folder} COMMAND [OPTION ...]; COMMAND --help says more", "", *lines])
        if command in ("-h", "--help"):
            print(text)
            return
        sys.exit(f"{folder} has no command {command!a:.40}\n{text}")
    sys.argv = [f"{program} {command}", *arguments[1:]]
    try:
        importlib.import_module(f"lab.{folder}.{command.replace('-', '_')}").main()
    except (ValueError, RuntimeError) as error:
        if not type(error).__module__.startswith("muzero_engine."):
            raise
        sys.exit(f"{folder} {command}: {error}")


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """Return an empty parser whose help shows a module's docstring as it stands."""
    return argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)


def count(text: str) -> int:
    """Return a whole number of 1 or more, for the `type` of an argument."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no whole number of 1 or more")
    return int(text)
