#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every #include and every CMake link goes along the arrows of docs/architecture.md:

    node -> {registry, sync} -> storage -> protocol

argv[1] is the source tree. Before it judges the tree it plants a breach of each kind in a tree of
its own and must find it, so a reader that has gone blind fails too.
"""
import re
import sys
import tempfile
from pathlib import Path

# For each module, those directly below it. Includes may also skip a step downwards.
BELOW = {
    "protocol": set(),
    "storage": {"protocol"},
    "sync": {"storage"},
    "registry": {"storage"},
    "node": {"sync", "registry"},
}
SOURCES = {".hpp", ".cpp", ".ipp", ".inc"}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
MODULE = re.compile(r"^\s*sangam_module\(\s*(\w+)([^)]*)\)", re.MULTILINE)


def reachable(module: str) -> set[str]:
    found: set[str] = set()
    for below in BELOW[module]:
        found |= {below} | reachable(below)
    return found


def included_module(tree: Path, file: Path, target: str) -> str | None:
    """The top folder that an include lands in; None for what is not ours."""
    root = tree.resolve()
    for place in (tree / target, file.parent / target):
        if place.exists():
            path = place.resolve()
            return path.relative_to(root).parts[0] if path.is_relative_to(root) else str(path)
    first = target.split("/", 1)[0]
    return first if first in BELOW else None


def include_breaches(tree: Path) -> list[str]:
    breaches = []
    for module in BELOW:
        allowed = reachable(module) | {module}
        for file in sorted((tree / module).rglob("*")):
            if file.suffix not in SOURCES:
                continue
            text = file.read_text(encoding="utf-8")
            for number, line in enumerate(text.splitlines(), start=1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                target = included_module(tree, file, match[1])
                if target is not None and target not in allowed:
                    breaches.append(
                        f"{file.relative_to(tree)}:{number}: {module} includes {match[1]}, "
                        f"but may use only {', '.join(sorted(allowed))}"
                    )
    return breaches


def link_breaches(tree: Path) -> list[str]:
    text = (tree / "CMakeLists.txt").read_text(encoding="utf-8")
    text = re.sub(r"#[^\n]*", "", text)
    links = {}
    for name, rest in MODULE.findall(text):
        words = rest.split()
        links[name] = {w.removeprefix("sangam_") for w in words if w.startswith("sangam_")}
    breaches = []
    for module in sorted(BELOW.keys() | links.keys()):
        if module not in links:
            breaches.append(f"CMakeLists.txt: there is no sangam_module({module} ...)")
        elif module not in BELOW:
            breaches.append(f"CMakeLists.txt: module {module} is not in the picture")
        elif links[module] & BELOW.keys() != BELOW[module]:
            breaches.append(
                f"CMakeLists.txt: {module} links {sorted(links[module] & BELOW.keys())}, "
                f"the picture says {sorted(BELOW[module])}"
            )
    return breaches


def plant(tree: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text, encoding="utf-8")


GOOD_LINKS = """
sangam_module(protocol LINKS OpenSSL::Crypto)
sangam_module(storage LINKS sangam_protocol SQLite::SQLite3)
sangam_module(sync LINKS sangam_storage)
sangam_module(registry LINKS sangam_storage)
sangam_module(node LINKS sangam_sync sangam_registry
    sangam_asio Boost::json)
"""


def prove_itself() -> list[str]:
    """Breaches planted on purpose that went unseen, and sound things that were called a breach."""
    blind = []
    good = {
        "CMakeLists.txt": GOOD_LINKS,
        "protocol/a.hpp": '#include <vector>\n#include "protocol/b.hpp"\n',
        "protocol/b.hpp": "",
        "storage/s.hpp": '#include "protocol/a.hpp"\n#include <sqlite3.h>\n',
        "sync/e.hpp": '#include "storage/s.hpp"\n#include "protocol/a.hpp"\n',
        "registry/r.hpp": '#include "storage/s.hpp"\n',
        "node/n.cpp": '#include "sync/e.hpp"\n#include "registry/r.hpp"\n#include "n_impl.hpp"\n',
        "node/n_impl.hpp": '// #include "not/an/include.hpp"\n',
    }
    bad_includes = [
        ("sync/bad.cpp", '#include "registry/r.hpp"\n'),
        ("registry/bad.hpp", '#include "sync/e.hpp"\n'),
        ("protocol/impl/bad.hpp", '  #  include "storage/s.hpp"\n'),
        ("storage/bad.cpp", '#include "../sync/e.hpp"\n'),
        ("storage/gone.cpp", '#include "node/not_there.hpp"\n'),
    ]
    bad_links = [
        ("LINKS sangam_storage)", "LINKS sangam_storage sangam_node)"),
        ("sangam_module(registry LINKS sangam_storage)", ""),
        ("sangam_sync sangam_registry", "sangam_sync"),
    ]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        plant(tree, good)
        if found := include_breaches(tree) + link_breaches(tree):
            blind.append(f"called a sound tree broken: {found}")
        for name, text in bad_includes:
            plant(tree, {name: text})
            if not any(b.startswith(f"{name}:1:") for b in include_breaches(tree)):
                blind.append(f"did not see the planted include in {name}: {text.strip()}")
            (tree / name).unlink()
        for old, new in bad_links:
            plant(tree, {"CMakeLists.txt": GOOD_LINKS.replace(old, new, 1)})
            if not link_breaches(tree):
                blind.append(f"did not see the planted link: {new or 'module taken out'}")
    return blind


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: include_arrows_test.py SOURCE_DIR", file=sys.stderr)
        return 2
    tree = Path(sys.argv[1])
    problems = [f"the test itself: {p}" for p in prove_itself()]
    read = sum(1 for m in BELOW for f in (tree / m).rglob("*") if f.suffix in SOURCES)
    if read == 0:
        problems.append(f"{tree} has no source file in {', '.join(BELOW)}")
    problems += include_breaches(tree) + link_breaches(tree)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{read} files read, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
