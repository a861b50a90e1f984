#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A federation of five institutions with real data, shown step by step. scripts/demo starts it.

Every figure in a line comes from a command's JSON in this run, and is compared with what the data in
tests/data/demo or another node says; the first that differs ends the demo with exit code 1.
Kept federations (--keep) are noted in build/demo.json, which --stop reads.
"""
import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from demo_data import (DATA, DATASETS, DOWN, HIDDEN, INSTITUTIONS, KILLED, NARROW, NARROWED, NOT_GRANTED,
                       QUERY, ROOT, SEARCHER, SUBSCRIPTIONS, WIDE, WITHDRAWN)
from demo_joint import JointDataset
from demo_public import search_as_the_public
from demo_search import search_by_condition
from federation import Daemon, Wrong, birth, end, wait_for

KEPT = ROOT / "build/demo.json"
SOCKET_PATH_MAX = 107  # what the kernel takes as the path of a Unix socket

def plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


class Demo:
    def __init__(self, executable: Path, home: Path, to):
        self.to = to
        self.home = home
        self.started = time.monotonic()
        self.dataset = {d.name: d for d in DATASETS}
        self.registry = Daemon(executable, home / "registry",
                               ["registry", "run", "--listen", "127.0.0.1:0"])
        self.nodes = {
            handle: Daemon(executable, home / handle,
                           ["node", "run", "--peer-listen", "127.0.0.1:0", "--http-listen",
                            "127.0.0.1:0", "--registry-poll", "1s"])
            for handle, _, _ in INSTITUTIONS}
        self.result: dict = {}

    # ---- telling ---------------------------------------------------------------------------------
    def say(self, text: str = "") -> None:
        print(text, file=self.to, flush=True)

    def step(self, text: str) -> None:
        self.say(f"\n{text}")

    def line(self, text: str, **pairs: tuple) -> None:
        """A line whose figures must hold: each pair is (what a command said, what has to be)."""
        for what, (is_, has_to_be) in pairs.items():
            if is_ != has_to_be:
                raise Wrong(f"{text}\n  {what.replace('_', ' ')}: {is_}, but it has to be {has_to_be}")
        self.say(f"  {text}")

    # ---- asking ----------------------------------------------------------------------------------
    def status(self, handle: str) -> dict:
        return self.nodes[handle].ask("status")

    def held(self, handle: str, dataset: str) -> int:
        return sum(d["records"] for d in self.status(handle)["datasets"] if d["dataset"] == dataset)

    def subscription(self, handle: str, dataset: str) -> dict:
        rows = [s for s in self.status(handle)["subscriptions"] if s["dataset"] == dataset]
        if len(rows) != 1:
            raise Wrong(f"{handle} shows {len(rows)} subscriptions to {dataset}")
        return rows[0]

    def wait_whole(self, handle: str, dataset: str) -> None:
        records = self.dataset[dataset].records

        def whole():
            row = self.subscription(handle, dataset)
            there = self.held(handle, dataset)
            return (row["state"] == "live" and there == records) or \
                f"{there} of {records} records, {row['state']} {row.get('reason') or ''}"
        wait_for(f"{handle} holds {dataset}", whole)

    def wait_connected(self) -> int:
        """Until every node that runs has a connection to every other; returns how many there are."""
        running = [h for h, node in self.nodes.items() if node.is_running]

        def connected():
            counts = [sum(p["state"] == "connected" for p in self.status(h)["peers"])
                      for h in running]
            return sum(counts) if counts == [len(running) - 1] * len(running) else str(counts)
        return wait_for("every node is connected to every other", connected) // 2

    # ---- the story -------------------------------------------------------------------------------
    def start(self) -> None:
        self.step("A registry and five nodes")
        made = self.registry.ask("registry", "init", "--name", "Demo federation")
        ready = self.registry.start()
        self.line(f"registry {made['registry_id'][:16]}… listens on {ready['listen']}")
        for handle, name, wiews in INSTITUTIONS:
            node = self.nodes[handle]
            node.ask("node", "init", "--name", f"{handle}-1")
            invited = self.registry.ask("registry", "invite", "--institution", handle, "--name", name,
                                        "--wiews", wiews, "--auto-approve")
            joined = node.ask("node", "join", invited["invitation"])
            ready = node.start()
            self.line(f"{handle:8} {joined['state']}, peers {ready['peer']}, http {ready['http']}",
                      state=(joined["state"], "member"))
        members = self.registry.ask("registry", "members")
        log = self.registry.ask("registry", "log", "verify")
        count = sum(len(i["nodes"]) for i in members["institutions"])
        self.line(f"{plural(count, 'node')} of {plural(len(members['institutions']), 'institution')} "
                  f"in a log of {log['tree_size']} entries, {log['entries_checked']} checked",
                  nodes=(count, len(INSTITUTIONS)), log_is_sound=(log["ok"], True),
                  entries=(log["entries_checked"], log["tree_size"]))
        between = self.wait_connected()
        self.line(f"{plural(between, 'connection')}, each with both keys checked against the log",
                  connections=(between, len(INSTITUTIONS) * (len(INSTITUTIONS) - 1) // 2))

    def import_all(self) -> None:
        self.step("Each institution imports its own data")
        for dataset in DATASETS:
            node = self.nodes[dataset.owner]
            node.ask("dataset", "create", dataset.name.split("/")[1], "--title", dataset.title,
                     "--licence", dataset.licence)
            sums = dict.fromkeys(("read", "written", "rejected", "commits"), 0)
            seconds, found = 0.0, 0
            for one in dataset.imports:
                done = node.ask("import", "--dataset", dataset.name, str(DATA / one.file), *one.words,
                                "--source", one.file, may_exit=(1,) if one.rejected else (0,))
                for key in sums:
                    sums[key] += done[key]
                seconds += done["seconds"]
                found += done["findings"]["count"]
            rows = sum(len(one.rows()) for one in dataset.imports)
            rejected = sum(one.rejected for one in dataset.imports)
            dataset.records = self.held(dataset.owner, dataset.name)
            notes = [f"{seconds:.2f} s"]
            if sums["rejected"]:
                notes.append(f"{plural(sums['rejected'], 'row')} without an id rejected")
            if found:
                notes.append(plural(found, "finding"))
            self.line(
                f"{dataset.name:20} {sums['written']:6,} records in {sums['commits']:2} signed commits "
                f"({', '.join(notes)})",
                rows_read=(sums["read"], rows), rows_rejected=(sums["rejected"], rejected),
                records_written=(sums["written"], rows - rejected),
                records_in_status=(dataset.records, rows - rejected))
        again = self.dataset["ipk/passports"]
        one = again.imports[0]
        done = self.nodes["ipk"].ask("import", "--dataset", again.name, str(DATA / one.file),
                                     *one.words, "--source", one.file)
        self.line(f"ipk/passports again: {done['unchanged']} unchanged, {done['written']} written",
                  unchanged=(done["unchanged"], again.records), written=(done["written"], 0))

    def grant_all(self) -> None:
        self.step("Owners grant; default: nothing is shared")
        for dataset in DATASETS:
            for to, grant in dataset.grants.items():
                dataset.grant_ids[to] = self.nodes[dataset.owner].ask(
                    "grant", "add", "--dataset", dataset.name, "--to", to, *grant.words())["grant_id"]
        listed = sum(len(node.ask("grant", "list")["grants"]) for node in self.nodes.values())
        self.line(f"{plural(listed, 'grant')} on {plural(len(DATASETS), 'dataset')}",
                  grants=(listed, sum(len(d.grants) for d in DATASETS)))
        for handle, node in self.nodes.items():
            expected = sorted(d.name for d in DATASETS if d.may(handle, "discover"))

            def seen(node=node, expected=expected):
                names = {d["dataset"] for d in node.ask("dataset", "list", "--remote")["datasets"]}
                names |= {d["dataset"] for d in node.ask("dataset", "list")["datasets"]}
                return sorted(names) if sorted(names) == expected else f"{len(names)}: {sorted(names)}"
            names = wait_for(f"{handle} sees the {len(expected)} datasets that it may", seen)
            self.line(f"{handle:8} sees {len(names):2} of {len(DATASETS)} datasets")

    def subscribe_all(self) -> None:
        self.step("Nodes subscribe to what they want to hold")
        for handle, dataset in SUBSCRIPTIONS:
            self.nodes[handle].ask("subscribe", dataset)
        for handle, dataset in SUBSCRIPTIONS:
            self.wait_whole(handle, dataset)
            there = self.held(handle, dataset)
            owner = self.dataset[dataset].owner

            def told(owner=owner, dataset=dataset, handle=handle, there=there):
                rows = [h for h in self.nodes[owner].ask("holders", dataset)["holders"]
                        if h["institution"] == handle]
                told = sum(h["records"] for h in rows)
                return rows if told == there else f"{owner} knows of {told}"
            wait_for(f"{owner} knows that {handle} holds {there} of {dataset}", told)
            self.line(f"{handle:8} holds {there:5,} of {dataset:20} and {owner} knows it",
                      records=(there, self.dataset[dataset].records))
        handle, dataset = NOT_GRANTED
        self.nodes[handle].ask("subscribe", dataset)
        time.sleep(1)  # long enough for what it may have to arrive
        row = self.subscription(handle, dataset)
        there = self.held(handle, dataset)
        self.line(f"{handle:8} asked for {dataset}, granted to others only: {row['state']}, "
                  f"{plural(there, 'record')}", records=(there, 0),
                  waits=(row["state"] in ("waiting", "refused"), True))
        self.nodes[handle].ask("unsubscribe", row["subscription_id"])

    def kill_in_flight(self) -> None:
        handle, dataset = KILLED
        node, records = self.nodes[handle], self.dataset[dataset].records
        self.step(f"kill -9 at {handle} while {dataset} arrives")
        early, late, wait_s = 0.0, None, 0.1
        for attempt in range(1, 21):
            node.ask("subscribe", dataset)
            time.sleep(wait_s)
            node.kill()
            # The store of a killed process is read as it lies there; nothing runs on it.
            on_disk = node.ask("verify", "--dataset", dataset, may_exit=(0, 3))
            there = on_disk.get("records", 0)
            if 0 < there < records:
                break
            # Too early or too late for this machine: start again from nothing, at another moment.
            early, late = (wait_s, late) if there == 0 else (early, wait_s)
            wait_s = (early + late) / 2 if late else wait_s * 2
            node.start()
            self.wait_connected()
            node.ask("unsubscribe", self.subscription(handle, dataset)["subscription_id"])
        else:
            raise Wrong(f"in {attempt} attempts no kill met {dataset} in flight")
        self.line(f"killed {wait_s:.3f} s after subscribing (attempt {attempt}): {there:,} records on its "
                  f"disk, all verified, {records - there:,} in flight",
                  failed=(on_disk["failed"], 0))
        began = time.monotonic()
        node.start()
        self.wait_whole(handle, dataset)
        after = node.ask("verify", "--dataset", dataset)
        self.line(f"restarted: {after['records']:,} of {records:,} after "
                  f"{time.monotonic() - began:.1f} s, {after['failed']} failed verification",
                  records=(after["records"], records), failed=(after["failed"], 0))
        self.wait_connected()

    def edit(self) -> None:
        self.step("An edit at the owner reaches the holder by itself")
        source = self.dataset["ipk/passports"]
        row = source.imports[0].rows()[0]
        key = ":".join(row[c] for c in ("INSTCODE", "ACCENUMB", "GENUS"))
        record = f"ipk/passports/germplasm/{key}"
        remark = "shown in the demo"
        began = time.monotonic()
        self.nodes["ipk"].ask("put", record, f"remarks={remark}")

        def arrived():
            got = self.nodes["usda"].ask("get", record)
            return got if got["record"]["fields"].get("remarks") == remark else "not yet"
        got = wait_for(f"the edit of {record} at usda", arrived, every_s=0.01)
        verified = sum(p["verified"] is True for p in got["provenance"])
        self.line(f"{key}: at usda {time.monotonic() - began:.2f} s after the command at ipk began; "
                  f"{verified} of {len(got['provenance'])} changes verified there",
                  verified=(verified, len(got["provenance"])),
                  accession=(got["record"]["fields"]["accessionNumber"], row["ACCENUMB"]))

    def hide(self) -> None:
        handle, name = HIDDEN
        dataset = self.dataset[name]
        fields = dataset.grants[handle].hide
        self.step(f"{dataset.owner} hides where its accessions were found from {handle}")
        row = next(r for r in dataset.imports[0].rows() if r["DECLATITUDE"] and r["DECLONGITUDE"])
        record = f"{name}/germplasm/" + ":".join(row[c] for c in ("INSTCODE", "ACCENUMB", "GENUS"))
        at_owner = self.nodes[dataset.owner].ask("get", record)
        there = self.nodes[handle].ask("get", record)
        shown = {f for f in at_owner["record"]["fields"] if f not in there["record"]["fields"]}
        hidden = sum(p["hidden"] for p in there["provenance"])
        verified = sum(p["verified"] is True for p in there["provenance"])
        self.line(f"{row['ACCENUMB']}: latitude {at_owner['record']['fields'][fields[0]]} at "
                  f"{dataset.owner}; at {handle} {len(there['record']['fields'])} of "
                  f"{len(at_owner['record']['fields'])} fields, {hidden} leaves closed, "
                  f"{verified} of {len(there['provenance'])} changes verified",
                  hidden_fields=(shown, {f for f in fields if f in at_owner["record"]["fields"]}),
                  leaves_closed=(hidden, len(fields)),
                  verified=(verified, len(there["provenance"])))
        asked = self.nodes[handle].ask("export", "--dataset", name, "--where", f"{fields[0]} > 0",
                                       "--out", str(self.home / "nothing.csv"), may_exit=(4,))
        self.line(f"a condition on it at {handle} is refused: {asked['error']['message']}",
                  code=(asked["error"]["code"], "no_such_field"))

    def narrow(self) -> None:
        handle, name = NARROWED
        dataset = self.dataset[name]
        owner = self.nodes[dataset.owner]
        self.step(f"{dataset.owner} grants {handle} some rows of {name}, then others")

        def keys(countries: tuple[str, ...]) -> set[str]:
            return {":".join(row[c] for c in ("INSTCODE", "ACCENUMB", "GENUS"))
                    for row in dataset.imports[0].rows() if row["ORIGCTY"] in countries}

        def grant(countries: tuple[str, ...]) -> str:
            listed = ", ".join(f"'{country}'" for country in countries)
            return owner.ask("grant", "add", "--dataset", name, "--to", handle, "--can", "replicate",
                             "--where", f"countryOfOriginCode IN ({listed})")["grant_id"]

        def holds(expected: set[str]):
            out = self.home / "narrowed.ndjson"
            if not any(d["dataset"] == name for d in self.status(handle)["datasets"]):
                return f"nothing of {len(expected)}"
            self.nodes[handle].ask("export", "--dataset", name, "--format", "ndjson", "--out", str(out))
            there = {json.loads(line)["id"] for line in out.read_text().splitlines()}
            return [there] if there == expected else \
                f"{len(there - expected)} too many, {len(expected - there)} missing"

        wide, narrow = keys(WIDE), keys(NARROW)
        first = grant(WIDE)
        self.nodes[handle].ask("subscribe", name)
        there, = wait_for(f"{handle} holds what {dataset.owner} granted", lambda: holds(wide))
        self.line(f"{handle} holds {len(there)} of {dataset.records} records: origin {', '.join(WIDE)}",
                  records=(len(there), len(wide)))
        grant(NARROW)
        both, = wait_for("both grants count", lambda: holds(wide | narrow))
        done = owner.ask("grant", "revoke", first)
        there, = wait_for("what left is gone", lambda: holds(narrow))
        self.line(f"after a second grant {len(both)}; after the end of the first {len(there)}: origin "
                  f"{', '.join(NARROW)}; {done['withdrawn']} withdrawn",
                  withdrawn=(done["withdrawn"], len(wide - narrow)))

    def withdraw(self) -> None:
        handle, name = WITHDRAWN
        dataset = self.dataset[name]
        self.step(f"{dataset.owner} ends its grant of {name} to {handle}")
        before = self.held(handle, name)
        done = self.nodes[dataset.owner].ask("grant", "revoke", dataset.grant_ids[handle])

        def gone():
            holders = self.nodes[dataset.owner].ask("holders", name)["holders"]
            there = self.held(handle, name)
            known = sum(h["records"] + h["withdrawals_pending"] for h in holders
                        if h["institution"] == handle)
            return (there, known) == (0, 0) and (there,) or f"{there} there, {known} known of"
        there, = wait_for(f"{name} is gone from {handle}", gone)
        self.line(f"{done['withdrawn']} records withdrawn: {handle} held {before}, holds {there}, and "
                  f"{dataset.owner} has its answer", withdrawn=(done["withdrawn"], dataset.records),
                  before=(before, dataset.records))

    def verify_all(self) -> None:
        self.step("Every leaf, path and signature, recomputed from the bytes on every disk")
        totals = {"records": 0, "failed": 0}
        for handle, node in self.nodes.items():
            report = node.ask("verify")
            counted = sum(d["records"] for d in self.status(handle)["datasets"])
            for key in totals:
                totals[key] += report[key]
            self.line(f"{handle:8} {report['records']:6,} records in {report['commits']:3} commits, "
                      f"{report['failed']} failed", failed=(report["failed"], 0),
                      records=(report["records"], counted))
        self.result["verified"] = totals

    def expected_hits(self, asker: str) -> dict[str, int]:
        found = {d.name: sum(one.words_found(QUERY) for one in d.imports)
                 for d in DATASETS if d.may(asker, "search")}
        return {name: count for name, count in found.items() if count}

    def search(self) -> dict:
        return self.nodes[SEARCHER].ask("search", QUERY, "--limit", "1000", "--deadline", "5s")

    def search_all(self) -> None:
        node = self.nodes[SEARCHER]
        expected = self.expected_hits(SEARCHER)
        visible = [d.name for d in self.dataset.values() if d.may(SEARCHER, "discover")]
        owners = {self.dataset[name].owner for name in visible}
        self.step(f"A researcher at {SEARCHER} searches the federation for “{QUERY}”")
        found = self.search()
        per_dataset = {name: sum(h["dataset"] == name for h in found["hits"]) for name in expected}
        held = {d["dataset"] for d in self.status(SEARCHER)["datasets"] if d["records"]}
        self.line(f"{found['total']} hits, {found['nodes_answered']} of {found['nodes_asked']} nodes "
                  f"answered, {found['took_ms']} ms, complete: {found['complete']}",
                  total=(found["total"], sum(expected.values())), complete=(found["complete"], True),
                  asked=(found["nodes_asked"], len(owners)),
                  answered=(found["nodes_answered"], len(owners)),
                  datasets_accounted_for=(sorted(c["dataset"] for c in found["completeness"]),
                                          sorted(visible)))
        for name, count in per_dataset.items():
            self.line(f"{count:5} in {name:16} from its origin; {SEARCHER} does not hold it",
                      hits=(count, expected[name]), held=(name in held, False),
                      answered_by=({h["answered_by"] for h in found["hits"] if h["dataset"] == name},
                                   {self.dataset[name].owner}))
        self.result["search"] = {"query": QUERY, "total": found["total"],
                                 "nodes_asked": found["nodes_asked"],
                                 "nodes_answered": found["nodes_answered"]}

        self.step(f"{DOWN} goes down; the same search")
        code = self.nodes[DOWN].stop()
        self.line(f"{DOWN} ended on SIGTERM with exit code {code}", exit_code=(code, 0))
        down = self.search()
        replica = [h for h in down["hits"] if h["answered_by"] != h["origin"]]
        stood_in = sorted({(h["dataset"], h["answered_by"]) for h in replica})
        due = {n: c for n, c in expected.items() if self.dataset[n].owner == DOWN}
        self.line(f"{down['total']} hits, {down['nodes_answered']} of {down['nodes_asked']} nodes "
                  f"answered, {down['took_ms']} ms",
                  total=(down["total"], found["total"]),
                  asked=(down["nodes_asked"], len(owners)),
                  answered=(down["nodes_answered"], len(owners) - 1))
        stories = [f"{who} answered for {name}" for name, who in stood_in]
        self.line(f"{len(replica)} of them from a replica: {', '.join(stories)}",
                  from_replica=(len(replica), sum(due.values())),
                  who=(stood_in, [(name, holder) for holder, name in SUBSCRIPTIONS if name in due]))
        for row in down["completeness"]:
            if row["from"] == "none":
                self.line(f"said aloud: {row['dataset']} not answered, {row['reason']}",
                          owner=(self.dataset[row["dataset"]].owner, DOWN))
        self.result["search_with_node_down"] = {
            "total": down["total"], "from_replica": len(replica),
            "nodes_asked": down["nodes_asked"], "nodes_answered": down["nodes_answered"]}

        ready = self.nodes[DOWN].start()
        between = self.wait_connected()
        back = self.search()
        self.line(f"{DOWN} is back on {ready['peer']}: {between} connections, "
                  f"{sum(h['answered_by'] != h['origin'] for h in back['hits'])} hits from replicas",
                  total=(back["total"], found["total"]), complete=(back["complete"], True),
                  from_replica=([h for h in back["hits"] if h["answered_by"] != h["origin"]], []))
        assert node.is_running

    def peace(self) -> None:
        """Honest nodes have no reason to cut each other off, restarts and kills included."""
        cut_off = [f"{node.directory.name}: {line}" for node in self.nodes.values()
                   for line in node.log.read_text(errors="replace").splitlines()
                   if "cut off" in line]
        self.line(f"peers cut off for what they sent, in all logs: {len(cut_off)}",
                  cut_off=(cut_off, []))

    def table(self) -> None:
        self.step("Who holds what now")
        self.say(f"  {'node':8} {'own records':>12} {'for others':>11}  {'peers':21}  http")
        rows = []
        for handle, node in self.nodes.items():
            datasets = self.status(handle)["datasets"]
            own = sum(d["records"] for d in datasets if d["own"])
            replicas = sum(d["records"] for d in datasets if not d["own"])
            expected = sum(d.records for d in self.dataset.values() if d.owner == handle)
            self.line(f"{handle:8} {own:12,} {replicas:11,}  {node.ready['peer']:21}  "
                      f"{node.ready['http']}", own=(own, expected))
            rows.append({"institution": handle, "dir": str(node.directory),
                         "peer": node.ready["peer"], "http": node.ready["http"],
                         "own_records": own, "replica_records": replicas})
        self.result["nodes"] = rows
        self.peace()
        self.result["token"] = self.nodes["irri"].ask(
            "token", "add", "--name", "demo", "--role", "researcher")["token"]

    def run(self) -> dict:
        joint = JointDataset(self)
        self.start()
        self.import_all()
        self.grant_all()
        self.subscribe_all()
        self.kill_in_flight()
        self.edit()
        self.hide()
        self.narrow()
        self.withdraw()
        joint.write()
        self.verify_all()
        self.search_all()
        search_by_condition(self)
        joint.settle_without_owner()
        search_as_the_public(self)
        self.result["conflicts"] = joint.count()
        self.table()
        keys = ("nodes", "token", "conflicts", "verified", "search", "search_with_node_down")
        return {**{key: self.result[key] for key in keys},
                "seconds": round(time.monotonic() - self.started, 1)}

    # ---- the end ---------------------------------------------------------------------------------
    def daemons(self) -> list[Daemon]:
        return [d for d in (*self.nodes.values(), self.registry) if d.is_running]

    def note_kept(self) -> None:
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_text(json.dumps({
            "home": str(self.home),
            "processes": [{"name": d.directory.name, "pid": d.process.pid, "born": d.born}
                          for d in self.daemons()]}, indent=1))

    def stop_all(self) -> None:
        for daemon in self.daemons():
            end(daemon.process.pid, daemon.born)
            daemon.process.wait()

    def look_further(self, executable: Path, kept: bool) -> None:
        self.step("To look further" + ("" if kept else ", after scripts/demo --keep:"))
        home = self.home if kept else Path("FOLDER")
        for words in (f"status --dir {home}/irri", f"search {QUERY} --dir {home}/usda",
                      f"holders ipk/passports --dir {home}/ipk",
                      f"registry members --dir {home}/registry"):
            self.say(f"  {executable} {words}")
        if kept:
            self.say("  scripts/demo --stop ends it.")


def kept() -> dict | None:
    """What --keep left, if any of it still runs."""
    if not KEPT.exists():
        return None
    note = json.loads(KEPT.read_text())
    note["processes"] = [p for p in note["processes"] if birth(p["pid"]) == p["born"]]
    return note


def stop_kept() -> int:
    note = kept()
    if note is None:
        print("demo: nothing was kept running", file=sys.stderr)
        return 0
    for process in note["processes"]:
        end(process["pid"], process["born"])
    shutil.rmtree(note["home"], ignore_errors=True)
    KEPT.unlink()
    print(f"demo: ended {', '.join(p['name'] for p in note['processes']) or 'nothing, all had ended'}; "
          f"removed {note['home']}", file=sys.stderr)
    return 0


def make_home() -> Path:
    home = Path(tempfile.mkdtemp(prefix="sangam-demo-"))
    if len(f"{home}/registry/sangam.sock") > SOCKET_PATH_MAX:
        home.rmdir()
        home = Path(tempfile.mkdtemp(prefix="sangam-demo-", dir="/tmp"))
    return home


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--executable", type=Path, required=True)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--stop", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.stop:
        return stop_kept()
    if asked.keep and (note := kept()) is not None:
        if note["processes"]:
            print(f"demo: one is running in {note['home']}; scripts/demo --stop ends it",
                  file=sys.stderr)
            return 1
        shutil.rmtree(note["home"], ignore_errors=True)

    # Ctrl-C and a plain kill end what was started, as any other failure does.
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    home = make_home()
    demo = Demo(asked.executable, home, sys.stderr if asked.json else sys.stdout)
    is_kept = False
    try:
        document = demo.run()
        demo.look_further(asked.executable, asked.keep)
        demo.say(f"\nAll of it true in this run, {document['seconds']} s.")
        if asked.keep:
            demo.note_kept()
            is_kept = True
    except Wrong as wrong:
        demo.say(f"\nWRONG: {wrong}\nThe logs are in {home}.")
        return 1
    except KeyboardInterrupt:
        demo.say(f"\nStopped half way. The logs are in {home}.")
        return 130
    finally:
        if not is_kept:
            demo.stop_all()
    if not is_kept:
        shutil.rmtree(home)
    if asked.json:
        print(json.dumps(document, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
