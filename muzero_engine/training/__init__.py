"""Learning a network by self-play: batched search, rules in worker processes, replay, learner, loop."""
