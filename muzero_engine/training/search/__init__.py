"""The batched search on the device."""
