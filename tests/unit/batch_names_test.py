#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two files of one target never give the same name to two things in unnamed namespaces.

The presets other than dev compile several files of a target as one (CMake's unity build, which more
than halves a clean build), and there such names meet. dev compiles each file alone and would not
notice, so this reads the names. argv[1] is the source tree. Before it judges the tree it plants a
breach of each kind in a tree of its own and must find it.
"""
import collections
import re
import sys
import tempfile
from pathlib import Path

MODULES = ["protocol", "storage", "sync", "registry", "node"]
TESTS = ["unit/protocol", "unit/storage", "unit/sync", "unit/registry", "unit/node", "property",
         "simulation", "end_to_end"]
# The formatter puts every definition of a namespace at the start of a line.
TYPE = re.compile(r"^(?:struct|class|enum class|enum) (\w+)")
ALIAS = re.compile(r"^using (\w+) = (.*)$")
OTHER = re.compile(r"^[A-Za-z_][\w:<>,&*\s\[\]()]*?[\s&*>](\w+)\s*([(={;\[].*)$")
NOT_A_DEFINITION = ("//", "TEST_CASE", "#", "template", "RC_", "}", " ", "namespace ", "using namespace ")


def names_of(file: Path):
    """(name, parameters) of each definition: "" for a type or a constant, what an alias stands for."""
    lines = file.read_text(encoding="utf-8").splitlines()
    inside = False
    for at, line in enumerate(lines):
        if line.startswith("namespace {"):
            inside = True
        elif line.startswith("}  // namespace"):
            inside = False
        elif not inside or not line or line.startswith(NOT_A_DEFINITION):
            continue
        elif match := TYPE.match(line):
            yield match[1], ""
        elif match := ALIAS.match(line):
            yield match[1], "= " + match[2]
        elif match := OTHER.match(line):
            parameters = ""
            if match[2].startswith("("):  # may go on over the next lines
                text = match[2] + " ".join(lines[at + 1:at + 6])
                parameters = re.sub(r"\s+", " ", text.split(")")[0])
            yield match[1], parameters


def breaches(tree: Path):
    targets = {m: tree / m for m in MODULES} | {f"tests/{t}": tree / "tests" / t for t in TESTS}
    for target, folder in targets.items():
        seen = collections.defaultdict(set)
        for file in sorted(folder.rglob("*.cpp")):
            for name, parameters in names_of(file):
                seen[name].add((parameters, file.relative_to(tree).as_posix()))
        for name, uses in seen.items():
            alike = collections.defaultdict(set)
            for parameters, file in uses:
                alike[parameters].add(file)
            if len(alike) == 1 and all(parameters.startswith("= ") for parameters in alike):
                continue  # the same alias twice is one alias
            if any(not p or p.startswith("= ") for p in alike) and len({file for _, file in uses}) > 1:
                yield target, name, sorted({file for _, file in uses})
            else:  # functions: the same name is fine where the parameters differ
                yield from ((target, name, sorted(files)) for files in alike.values() if len(files) > 1)


def check_that_it_finds():
    with tempfile.TemporaryDirectory() as directory:
        tree = Path(directory)
        (tree / "sync").mkdir()
        wrap = "namespace sangam {\nnamespace {\n\n%s\n\n}  // namespace\n}\n"
        one = ("constexpr int limit = 1;", "struct Scene {\n    int a;\n};",
               "bool is_whole(const Row& row) {\n    return true;\n}", "int read(int a,\n         int b) {\n}",
               "using Row = storage::Row;", "using Order = int;")
        two = ("constexpr int limit = 2;", "class Scene;",
               "bool is_whole(const Row& row) { return false; }", "int read(int a, int b) { return 1; }",
               "using Row = storage::Row;", "using Order = long;")
        (tree / "sync/one.cpp").write_text(wrap % "\n\n".join(one))
        (tree / "sync/two.cpp").write_text(wrap % "\n\n".join(two))
        (tree / "sync/three.cpp").write_text(wrap % "bool is_whole(Holding holding) { return true; }")
        found = {name for _, name, _ in breaches(tree)}
        assert found == {"limit", "Scene", "is_whole", "read", "Order"}, found
        assert all(files == ["sync/one.cpp", "sync/two.cpp"] for _, _, files in breaches(tree))


def main() -> int:
    check_that_it_finds()
    tree = Path(sys.argv[1])
    assert sum(1 for f in (tree / "node").rglob("*.cpp") for _ in names_of(f)) > 100, "reads nothing"
    found = list(breaches(tree))
    for target, name, files in found:
        print(f"{target}: '{name}' is defined in the unnamed namespaces of {' and '.join(files)}; "
              "name one of them after what it is for, or share it in a header")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
