"""What a match is told before it starts: time controls, engines, openings, stopping."""
