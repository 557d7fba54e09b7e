"""Which packages are installed; everything else about the project stands in pyproject.toml.

The weights lie in `weights/<game>/` and travel in the wheel as `muzero_engine/weights/<game>/`, without the curves of
their training. To setuptools a folder of data is a package like any other.
"""

from setuptools import find_namespace_packages, find_packages, setup

setup(
    packages=[
        *find_packages(include=["muzero_engine", "muzero_engine.*"]),
        *(f"muzero_engine.weights.{game}" for game in find_namespace_packages("weights")),
    ],
    package_dir={"muzero_engine.weights": "weights"},
    package_data={"muzero_engine": ["py.typed"], "": ["manifest.json", "*.onnx", "*.safetensors"]},
    include_package_data=False,
)
