"""UCI: chess GUIs."""

GAME = "chess"  # which it is spoken for
