"""Engine against engine: the runner, its records, statistics and reports."""
