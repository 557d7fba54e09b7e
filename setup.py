"""Which packages are installed, and what is compiled; everything else about the project stands in pyproject.toml.

The weights lie in `weights/<game>/` and `weights/<environment>/`, beside reports that are not installed, and travel in
the wheel inside of `muzero_engine/`, without the curves of their training and without their model card. To setuptools a
folder of data is a package like any other.

With MUZERO_ENGINE_COMPILE=1 in the environment the modules of the search that run once a node are compiled by mypyc, as
they stand: the same trees in half the time. It needs a C compiler. Without, they are Python like all the rest.
"""

import os
from pathlib import Path

from setuptools import Extension, find_packages, setup

COMPILED = [f"muzero_engine/search/{name}.py" for name in ("halving", "memory", "root", "scoring", "search", "tree")]
COMPILE = os.environ.get("MUZERO_ENGINE_COMPILE", "0") not in ("", "0")


def extensions() -> list[Extension]:
    """Return what is compiled: nothing while pip still asks what building needs, which `setup_requires` says."""
    if not COMPILE:
        return []
    try:
        from mypyc.build import mypycify
    except ImportError:
        return []
    return mypycify(["--config-file=", "--ignore-missing-imports", *COMPILED], group_name="muzero_engine_search")


BUNDLES = sorted(manifest.parent.name for manifest in Path(__file__).parent.glob("weights/*/manifest.json"))

setup(
    packages=[
        *find_packages(include=["muzero_engine", "muzero_engine.*"]),
        *(f"muzero_engine.weights.{bundle}" for bundle in BUNDLES),
    ],
    package_dir={"muzero_engine.weights": "weights"},
    package_data={
        "muzero_engine": ["py.typed"],
        "muzero_engine.match.ladder": ["rungs/*.json"],
        "muzero_engine.web": ["pages/*"],
        "": ["manifest.json", "*.onnx", "*.safetensors"],
    },
    include_package_data=False,
    ext_modules=extensions(),
    setup_requires=["mypy>=1.15"] if COMPILE else [],
)
