"""Rating an engine by games against opponents of known strength."""
