"""Self-play by actors on several machines, over Ray: they come and go, and one learner takes their games."""
