"""Which packages are installed; everything else about the project stands in pyproject.toml.

The weights lie in `weights/<game>/`, beside reports that are not installed, and travel in the wheel as
`muzero_engine/weights/<game>/`, without the curves of their training and without their model card. To setuptools a
folder of data is a package like any other.
"""

from pathlib import Path

from setuptools import find_packages, setup

GAMES = sorted(manifest.parent.name for manifest in Path(__file__).parent.glob("weights/*/manifest.json"))

setup(
    packages=[
        *find_packages(include=["muzero_engine", "muzero_engine.*"]),
        *(f"muzero_engine.weights.{game}" for game in GAMES),
    ],
    package_dir={"muzero_engine.weights": "weights"},
    package_data={
        "muzero_engine": ["py.typed"],
        "muzero_engine.web": ["pages/*"],
        "": ["manifest.json", "*.onnx", "*.safetensors"],
    },
    include_package_data=False,
)
