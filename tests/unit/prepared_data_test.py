#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the demo imports is what scripts/prepare-data makes of the originals, byte for byte.

argv[1] is the source tree. The comparison first has to notice one changed byte in a copy.
"""
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def check(tree: Path) -> int:
    return subprocess.run([sys.executable, tree / "scripts/prepare-data", "--check"]).returncode


def main() -> int:
    tree = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(tree / "tests/data", copy / "tests/data")
        (copy / "scripts").mkdir()
        shutil.copy(tree / "scripts/prepare-data", copy / "scripts/prepare-data")
        bent = copy / "tests/data/demo/cimmyt/wheat-trials/observations.csv"
        content = bytearray(bent.read_bytes())
        content[-2] ^= 1
        bent.write_bytes(content)
        if check(copy) != 1:
            print("a changed byte went unnoticed", file=sys.stderr)
            return 1
    return check(tree)


if __name__ == "__main__":
    sys.exit(main())
