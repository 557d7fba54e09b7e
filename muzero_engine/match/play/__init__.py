"""Games from opening to judgement, and many of them side by side."""
