"""What the protocols share: standard input and output, options and searches as text."""
