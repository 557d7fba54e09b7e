"""Plies kept on the device, and the batches drawn from them."""
