"""Weights bundles and their networks in onnxruntime."""
