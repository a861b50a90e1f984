#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every doctest case is one ctest entry, and every entry of a doctest executable names one case.

An entry whose filter matches no case passes without having run anything: doctest counts zero cases
as success. CMake splits a name at a semicolon, which makes two such entries out of one case.

usage: ctest_entries_test.py BUILD_DIR CTEST
"""
import json
import subprocess
import sys
from collections import Counter

FILTER = "--test-case="


def cases(executable):
    """The names of an executable's cases, as doctest lists them between two lines of '='."""
    listing = subprocess.run([executable, "--list-test-cases", "--no-version", "--no-colors"],
                             check=True, capture_output=True, text=True).stdout.splitlines()
    return [line for line in listing
            if line and not line.startswith(("[doctest]", "=====", "-----"))]


def main():
    build, ctest = sys.argv[1:3]
    listing = subprocess.run([ctest, "--test-dir", build, "--show-only=json-v1"],
                             check=True, capture_output=True, text=True).stdout
    entries = {}  # executable -> its entries' filters
    for test in json.loads(listing)["tests"]:
        command = test.get("command", [])
        filters = [word[len(FILTER):] for word in command[1:] if word.startswith(FILTER)]
        if filters:
            entries.setdefault(command[0], []).extend(
                name.replace("\\,", ",") for name in filters)
    if not entries:
        print(f"{build} has no entries of doctest cases: build the tests first")
        return 1

    problems = []
    for executable, named in sorted(entries.items()):
        there = Counter(cases(executable))
        for name, times in there.items():
            if times > 1:
                problems.append(f"{executable}: {times} cases are called: {name}")
        for name in sorted(set(named) - set(there)):
            problems.append(f"{executable}: an entry runs nothing, there is no case: {name}")
        for name in sorted(set(there) - set(named)):
            problems.append(f"{executable}: a case has no entry: {name}")
    print("\n".join(problems) or
          f"{sum(map(len, entries.values()))} entries, each of them one case")
    return 1 if problems else 0


sys.exit(main())
