"""What a run measures of itself, and the page that shows it."""
