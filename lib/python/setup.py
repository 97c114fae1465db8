# SPDX-License-Identifier: ISC
"""What pyproject.toml cannot say: the extension module, and that one wheel is for every Python from 3.9 on."""

import os

from setuptools import setup

setup(
    version=os.environ.get("VRP_VERSION", "0.1.0"),
    cffi_modules=["build_ffi.py:ffibuilder"],
    options={"bdist_wheel": {"py_limited_api": "cp39"}},
)
