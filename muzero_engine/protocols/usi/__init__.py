"""USI: shogi GUIs."""

GAME = "shogi"  # which it is spoken for
