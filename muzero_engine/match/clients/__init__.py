"""The client's side of UCI, GTP and USI: what the runner says to engines and how it reads their answers."""
