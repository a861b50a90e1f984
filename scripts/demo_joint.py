# SPDX-License-Identifier: Apache-2.0
"""The demo's joint dataset: three institutions write their versions of the same passports into one
dataset, nothing of any is lost, and a curator at any of them settles what the rule leaves open.
"""
import time

from demo_data import DURUM, JOINT, JOINT_FIELDS, LATEST_WINS, VERSIONS, joint_conflicts
from federation import wait_for


class JointDataset:
    def __init__(self, demo):
        self.demo = demo
        self.writers = [version.writer for version in VERSIONS]
        self.conflicts = joint_conflicts(VERSIONS)
        self.records = len({accession for v in VERSIONS for accession in v.values()})

    def listed(self, handle: str) -> list[dict]:
        return self.demo.nodes[handle].ask("conflicts", "list", "--all", "--dataset",
                                           JOINT.name)["conflicts"]

    def count(self) -> dict[str, int]:
        rows = self.listed(JOINT.owner)
        return {state: sum(row["state"] == state for row in rows) for state in ("open", "settled")}

    def export(self, handle: str) -> bytes:
        out = self.demo.home / f"joint-{handle}.ndjson"
        self.demo.nodes[handle].ask("export", "--dataset", JOINT.name, "--format", "ndjson", "--out",
                                    str(out))
        return out.read_bytes()

    def wait_alike(self, handles: list[str]) -> int:
        """Until they export the same bytes of all records; returns how many bytes."""
        def alike():
            counts = [self.demo.held(handle, JOINT.name) for handle in handles]
            if counts != [self.records] * len(handles):
                return f"{counts} records of {self.records}"
            exports = {self.export(handle) for handle in handles}
            return len(exports.pop()) if len(exports) == 1 else f"{len(exports)} different exports"
        return wait_for(f"{', '.join(handles)} have the same of {JOINT.name}", alike)

    def write(self) -> None:
        demo, owner = self.demo, self.demo.nodes[JOINT.owner]
        demo.step(f"{', '.join(self.writers)} write three versions of the same passports into {JOINT.name}")
        typed = [word for name, kind in JOINT_FIELDS.items() for word in ("--type", f"{name}={kind}")]
        merged = [word for name in JOINT_FIELDS if name not in LATEST_WINS
                  for word in ("--merge", f"{name}=keep_all")]
        owner.ask("dataset", "create", JOINT.name.split("/")[1], "--title", JOINT.title, "--licence",
                  JOINT.licence, "--writers", ",".join(self.writers[1:]), *typed, *merged)
        demo.dataset[JOINT.name] = JOINT
        for to, grant in JOINT.grants.items():
            owner.ask("grant", "add", "--dataset", JOINT.name, "--to", to, *grant.words())
        for version in VERSIONS:
            node = demo.nodes[version.writer]
            wait_for(f"{version.writer} holds {JOINT.name}", lambda node=node: any(
                d["dataset"] == JOINT.name for d in node.ask("status")["datasets"]))
            done = node.ask("import", "--dataset", JOINT.name, str(DURUM / version.file),
                            *version.words(), may_exit=(1,) if version.rejected else (0,))
            rows = len(version.rows())
            demo.line(f"{version.writer:8} {version.file:28} {done['written']:3} records"
                      f"{', a second row of one accession rejected' if done['rejected'] else ''}",
                      read=(done["read"], rows), rejected=(done["rejected"], version.rejected),
                      written=(done["written"], rows - version.rejected))
        size = self.wait_alike(self.writers)
        JOINT.records = demo.held(JOINT.owner, JOINT.name)
        demo.line(f"{JOINT.records} records, {size:,} bytes of canonical JSON, the same at all three",
                  records=(JOINT.records, self.records))
        for one, other in ((0, 1), (0, 2), (1, 2)):
            pair = VERSIONS[one], VERSIONS[other]
            demo.say(f"  {len(joint_conflicts(list(pair))):3} values of {pair[0].writer} and "
                     f"{pair[1].writer} differ in the files")
        lists = [self.listed(handle) for handle in self.writers]
        found = {(row["record"].rsplit("/", 1)[1], row["field"]) for row in lists[0]}
        counted = self.count()
        settled = sum(name in LATEST_WINS for _, name in self.conflicts)
        demo.line(f"{counted['open']} conflicts open, {counted['settled']} settled by their rule, the same "
                  f"list at all three; no version lost a value",
                  conflicts=(found, self.conflicts), same_everywhere=(lists[1:], [lists[0]] * 2),
                  counted=(counted, {"open": len(self.conflicts) - settled, "settled": settled}))

    def settle_without_owner(self) -> None:
        demo = self.demo
        curator, other = self.writers[1:]
        demo.step(f"{JOINT.owner} goes down; a curator at {curator} settles a conflict")
        code = demo.nodes[JOINT.owner].stop()
        before = [row for row in self.listed(curator) if row["state"] == "open"]
        row = before[0]
        began = time.monotonic()
        demo.nodes[curator].ask("conflicts", "resolve", row["record"], row["field"], "--take", "1",
                                "--reason", "spelling of the national list")
        taken = row["values"][0]["value"]

        def arrived():
            got = demo.nodes[other].ask("get", row["record"])["record"]["fields"].get(row["field"])
            still = [r for r in self.listed(other) if r["state"] == "open"]
            return [len(still)] if got == taken and len(still) < len(before) else f"{got}, {len(still)} open"
        left, = wait_for(f"the decision at {other}", arrived, every_s=0.01)
        demo.line(f"{row['record']} {row['field']}: "
                  f"{' or '.join(str(v['value']) for v in row['values'])}? {taken}; at {other} "
                  f"{time.monotonic() - began:.2f} s later, {left} open",
                  left=(left, len(before) - 1), exit_code=(code, 0))
        demo.nodes[JOINT.owner].start()
        demo.wait_connected()
        self.wait_alike(self.writers)
        counted = self.count()
        demo.line(f"{JOINT.owner} is back and has it: {counted['open']} open", open=(counted["open"], left))
