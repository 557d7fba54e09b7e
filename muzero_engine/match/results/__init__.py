"""Statistics, standings, tables, pictures and pages."""
