"""What is kept of games, and in which files."""
