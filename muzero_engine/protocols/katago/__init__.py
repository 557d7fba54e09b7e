"""KataGo's JSON analysis protocol."""

GAME = "go"  # which it is spoken for
