"""The commands of the command line, one module each. Nothing imports them but `muzero_engine.cli`."""
