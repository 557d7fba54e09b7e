"""GTP: Go GUIs and servers."""
