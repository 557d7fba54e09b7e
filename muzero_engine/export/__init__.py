"""From a network to a weights bundle: ONNX graphs, 8-bit quantisation, manifest."""

import muzero_engine.inference  # noqa: F401  # switches onnxruntime's telemetry off before it is loaded
