"""Episodes of environments: played in worker processes behind the search, kept on the device, drawn to learn from."""
