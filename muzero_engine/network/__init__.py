"""The network in torch: representation h, dynamics g, prediction f."""
