# SPDX-License-Identifier: Apache-2.0
"""The first thing that a newcomer runs."""

import pathlib
import subprocess


def test_first_light():
    """It judges by its own capture, and exits accordingly."""
    subprocess.run([pathlib.Path(__file__).with_name("firstlight")], check=True)
