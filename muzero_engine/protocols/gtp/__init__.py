"""GTP: Go GUIs and servers."""

GAME = "go"  # which it is spoken for
