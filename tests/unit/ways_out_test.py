#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Everything that leaves a node passes the one decision: decide(asker, action, dataset) of
sync/policy.hpp and, for a record and its fields, RowJudge of sync/row_scope.hpp (SEMANTICS section 5).

The tables below list the ways out: frame types, HTTP routes and probes, and every place that reads records from
a store. The test fails when the tree has one that no table lists, when a listed one no longer calls
what it has to, and when a Scope is made anywhere but in the decision. RowScope itself has a private
constructor, so that part is the compiler's.

argv[1] is the source tree. Before it judges the tree it judges copies with a breach of each kind,
and must find it.
"""
import re
import shutil
import sys
import tempfile
from pathlib import Path

# Frame type -> the files that make one, and what stands there as its gate; None: carries nothing of
# a dataset. Hello names only control chains of what the receiver owns or writes.
FRAMES = {
    "Hello": ("sync/engine.cpp", r"control_\.numbers_for\("),
    "Abort": None, "Ping": None, "Pong": None,
    "DirectoryOffer": None, "DirectoryRequest": None, "DirectoryUpdate": None,
    "ControlUpdate": ("sync/control_exchange.cpp", r"decide\(Asker::member\(theirs\)"),
    "DatasetSummary": ("sync/control_exchange.cpp", r"counts_\.of\("),
    "WriterHeads": ("sync/writer_sync.cpp", r"is_partner\("),
    "WriterCommits": ("sync/writer_sync.cpp", r"is_partner\("),
    "Subscribe": None,
    "SubscribeReply": ("sync/subscription_sender.cpp", r"\bdecide\("),
    "Delivery": ("sync/subscription_sender.cpp", r"\bbuild_step\("),
    "DeliveryAck": None, "Unsubscribe": None, "SearchRequest": None,
    "SearchPart": ("sync/search_answer.cpp", r"\bdecide\("),
    "SearchDone": ("sync/search_coordinator.cpp", r"AnswerSearch\{"),
}
# HTTP verb -> its gate. People below curator may be of the public; an admin or curator acts as the
# institution, on what is its own.
OWN = "the institution's own affairs, for its admin or curator"
ROUTES = {
    "status": "counts of the own node, for people of the institution",
    "list_subscriptions": "the own node's wishes, for people of the institution",
    "search": r"engine->search\(\*query, call\.asker\)",
    "list_datasets": r"call\.decide\(", "show_dataset": r"call\.find_dataset\(",
    "get_record": r"open_record\(", "record_history": r"open_record\(",
    "put_record": r"\bwrite\(", "delete_record": r"\bwrite\(", "restore_record": r"\bwrite\(",
    "export_dataset": r"call\.decide\(.*RowJudge", "list_conflicts": r"call\.decide\(.*RowJudge",
    "show_conflict": r"open_record\(", "resolve_conflict": r"open_for_writing\(",
    "doctor_checks": OWN, "join_federation": OWN, "admit_node_of_institution": OWN,
    "create_dataset": OWN, "set_dataset": OWN, "resume_dataset": OWN, "list_holders": OWN, "import_files": OWN,
    "list_grants": OWN, "add_grant": OWN, "revoke_grant": OWN, "add_subscription": OWN,
    "list_imports": OWN, "list_quarantine": OWN, "show_quarantined": OWN, "drop_quarantined": OWN,
    "remove_subscription": OWN, "verify": OWN, "list_tokens": OWN, "add_token": OWN,
    "revoke_token": OWN,
}
# What stands outside /api/v1, for everybody -> file and gate; None: says nothing of a dataset.
PROBES = {
    "healthz": None, "readyz": None,
    "metrics": ("node/service/state_metrics.cpp", r"call_\.decide\(.*scope\.shows_all\(\)"),
}
# File that reads records, changes or commits -> its gate, or why it needs none.
READERS = {
    "sync/delivery_builder.cpp": r"judge_->of\(.*view_of\(.*as_it_crosses\(",
    "sync/subscription_sender.cpp": r"view_of\(\*record, judge\.of\(",
    # What the decision lets through goes to the store as the rules that it searches under.
    "sync/search_answer.cpp": r"search_scope\(policy\.info\.uid, scope\).*reader_\.search\(scope_,"
                              r".*\bdecide\(asker, sangam::Action::search",
    "sync/writer_sync.cpp": r"is_partner\(",
    "sync/row_scope.cpp": r"RowScope RowJudge::of\(.*reader\.search\(search_scope\(",
    "sync/subscription_receiver.cpp": "asks whether the own replica holds anything",
    "node/service/records.cpp": r"call\.decide\(.*RowJudge",
    "node/service/import_export.cpp": r"call\.decide\(.*RowJudge",
    "node/service/conflicts.cpp": r"call\.decide\(.*RowJudge",
    "node/service/grants.cpp": r"\bRowJudge judge\(",
    "node/service/edits.cpp": r"open_for_writing\(",
    "node/service/record_writing.cpp": r"open_record\(",
    "node/service/field_data.cpp": "asks whether the own dataset holds a field, for its admin",
    "node/ingest/importer.cpp": "writes into the own dataset; its report is for the admin",
}
READS = re.compile(
    r"(?:reader(?:_|\(\))?)(?:->|\.)"
    r"(?:record|scan_records|history|parts|commits|search|arrivals|import_states)\(")
MAKES_SCOPE = re.compile(r"\bScope::everything\(\)|\bScope\s*\{|\bScope\s+\w+\s*\{")
# What a store is searched under; only search_scope() makes one, from a Scope.
MAKES_SEARCH_SCOPE = re.compile(r"\bSearchScope\b|\bSearchRule\b")
MAY_NAME_SEARCH_SCOPES = ("sync/search_answer.cpp", "sync/row_scope.cpp", "sync/row_scope.hpp")
SEARCHES_BY_HAND = re.compile(r"[.>]search\(\s*\{")


def code_of(file: Path) -> str:
    text = file.read_text(encoding="utf-8")
    text = re.sub(r"//[^\n]*", "", text)
    return re.sub(r"\s+", " ", text)


def sources(tree: Path) -> list[str]:
    return sorted(str(f.relative_to(tree)) for module in ("sync", "node")
                  for f in (tree / module).rglob("*.cpp"))


def body_of(name: str, tree: Path) -> str:
    """The function of a verb, up to the next one at the margin."""
    for file in sorted((tree / "node/service").glob("*.cpp")):
        text = file.read_text(encoding="utf-8")
        match = re.search(rf"^Result<Reply> {name}\(Call& call\) \{{$(.*?)^\}}$", text,
                          re.MULTILINE | re.DOTALL)
        if match:
            return re.sub(r"\s+", " ", match[1])
    return ""


def check_gate(what: str, gate: str, text: str, breaches: list[str]) -> None:
    if "(" in gate and not re.search(gate, text):
        breaches.append(f"{what}: does not pass {gate}")


def breaches_in(tree: Path) -> list[str]:
    breaches: list[str] = []
    variant = re.search(r"using Message =\s*std::variant<([^>]*)>",
                        (tree / "protocol/messages/message.hpp").read_text(encoding="utf-8"))
    frames = [name.strip() for name in variant[1].split(",")] if variant else []
    if not frames:
        breaches.append("protocol/messages/message.hpp: no list of messages found")
    for frame in frames:
        if frame not in FRAMES:
            breaches.append(f"frame {frame}: not in this test's table of ways out")
        elif FRAMES[frame]:
            file, gate = FRAMES[frame]
            check_gate(f"frame {frame} in {file}", gate, code_of(tree / file), breaches)
    for file in sources(tree):
        text = code_of(tree / file)
        for frame in frames:
            entry = FRAMES.get(frame)
            makes = re.search(rf"messages::{frame}(?: \w+)?\s*\{{|messages::{frame} \w+;"
                              rf"|\b{frame} (?:reply|delivery|part_?|done);", text)
            if entry and makes and file != entry[0] and (frame, file) != (
                    "SearchPart", "sync/search_coordinator.cpp"):
                breaches.append(f"frame {frame}: made in {file}, not in {entry[0]}")

    routes = re.findall(r'\{"[A-Z]+", "[^"]+", Role::(\w+), (\w+)\s*[,}]',
                        (tree / "node/service/routes.cpp").read_text(encoding="utf-8"))
    lines = re.findall(r'^ *\{"[A-Z]+", "', (tree / "node/service/routes.cpp").read_text(
        encoding="utf-8"), re.MULTILINE)
    if not routes or len(routes) < len(lines):
        breaches.append(f"node/service/routes.cpp: {len(routes)} of {len(lines)} routes read")
    for role, verb in routes:
        gate = ROUTES.get(verb)
        if gate is None:
            breaches.append(f"route {verb}: not in this test's table of ways out")
        elif gate is OWN and role not in ("admin", "curator"):
            breaches.append(f"route {verb}: is open to role {role} and has no gate")
        else:
            check_gate(f"route {verb}", gate, body_of(verb, tree), breaches)

    probes = re.findall(r'\{"(\w+)", &Impl::\w+\}', code_of(tree / "node/service/service.cpp"))
    if not probes:
        breaches.append("node/service/service.cpp: no probes found")
    for probe in probes:
        if probe not in PROBES:
            breaches.append(f"/{probe}: not in this test's table of ways out")
        elif PROBES[probe]:
            file, gate = PROBES[probe]
            check_gate(f"/{probe} in {file}", gate, code_of(tree / file), breaches)

    for file in sources(tree):
        text = code_of(tree / file)
        if READS.search(text):
            gate = READERS.get(file)
            if gate is None:
                breaches.append(f"{file}: reads records, and is not in this test's table")
            else:
                check_gate(file, gate, text, breaches)
        if file != "sync/policy.cpp" and MAKES_SCOPE.search(text):
            breaches.append(f"{file}: makes a Scope by itself; only decide() may")
        if SEARCHES_BY_HAND.search(text) or (
                file not in MAY_NAME_SEARCH_SCOPES and MAKES_SEARCH_SCOPE.search(text)):
            breaches.append(f"{file}: searches the store under rules of its own")
    return breaches


def must_find(tree: Path, what: str, file: str, old: str, new: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for module in ("sync", "node", "protocol"):
            shutil.copytree(tree / module, copy / module)
        text = (copy / file).read_text(encoding="utf-8")
        if old not in text:
            sys.exit(f"the planted breach no longer fits: {old!r} is not in {file}")
        (copy / file).write_text(text.replace(old, new), encoding="utf-8")
        if not breaches_in(copy):
            sys.exit(f"a planted breach was not found: {what}")


def main() -> None:
    tree = Path(sys.argv[1])
    must_find(tree, "a new frame type", "protocol/messages/message.hpp", "SearchDone>",
              "SearchDone, BlobChunk>")
    must_find(tree, "a new route", "node/service/routes.cpp", '{"GET", "search", Role::nobody, search,',
              '{"GET", "peek", Role::nobody, peek}, {"GET", "search", Role::nobody, search,')
    must_find(tree, "a new route with parameters", "node/service/routes.cpp",
              '{"GET", "search", Role::nobody, search,',
              '{"GET", "peek", Role::nobody, peek, "q"},\n    {"GET", "search", Role::nobody, search,')
    must_find(tree, "a route that is opened", "node/service/routes.cpp",
              '{"GET", "grants", Role::admin,', '{"GET", "grants", Role::nobody,')
    must_find(tree, "a new probe", "node/service/service.cpp", '{"healthz", &Impl::healthy}',
              '{"healthz", &Impl::healthy}, {"peekz", &Impl::healthy}')
    must_find(tree, "metrics that ask nobody", "node/service/state_metrics.cpp", "call_.decide(",
              "call_.decided(")
    must_find(tree, "an export without a judge", "node/service/import_export.cpp", "RowJudge",
              "NoJudge")
    must_find(tree, "a reader of records elsewhere", "node/service/status.cpp",
              "const auto datasets = reader->datasets();",
              "const auto datasets = reader->datasets(); reader->scan_records(a, b, c, d);")
    must_find(tree, "a scope made by hand", "node/service/records.cpp",
              "const auto scope = call.decide(",
              "const auto mine = sync::Scope::everything(); const auto scope = call.decide(")
    must_find(tree, "a search under rules of its own", "sync/search_answer.cpp",
              "reader_.search(scope_, question_)", "reader_.search({policy_.info.uid, {{}}}, question_)")
    must_find(tree, "a search elsewhere", "node/service/status.cpp",
              "const auto datasets = reader->datasets();",
              "const auto datasets = reader->datasets(); reader->search({a, {{}}}, {});")
    breaches = breaches_in(tree)
    for breach in breaches:
        print(breach)
    sys.exit(1 if breaches else 0)


if __name__ == "__main__":
    main()
