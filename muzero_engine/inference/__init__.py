"""Networks in ONNX: weights bundles, sessions, batch sizes.

onnxruntime's telemetry is off before the library is loaded. Its builds for Linux and macOS read ORT_DISABLE_TELEMETRY
as they are loaded (seen in 1.32: without it, a device id and a database under the user's cache, and a look-up of its
collector); its builds for Windows have the call that `inference.session` makes.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
