"""A run whole: put together, cycle after cycle, saved and resumed."""
