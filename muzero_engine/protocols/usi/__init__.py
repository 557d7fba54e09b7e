"""USI: shogi GUIs."""
