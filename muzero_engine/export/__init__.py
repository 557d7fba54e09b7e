"""From a network to a weights bundle: ONNX graphs, 8-bit quantisation, manifest."""
