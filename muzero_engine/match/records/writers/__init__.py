"""Game records in the formats of each game: PGN, SGF, CSA and lines of USI moves."""
