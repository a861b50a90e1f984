# SPDX-License-Identifier: Apache-2.0
"""A second implementation of docs/registry-format.md, which knows that page and nothing of the C++: verifies the registry of
tests/vectors/registry from its root keys to its last member, and refuses changed bytes. Usage: registry_reader_test.py SOURCE_TREE"""
import base64, copy, hashlib, json, pathlib, re, sys

tree = pathlib.Path(sys.argv[1])
# CBOR writing and Ed25519 are protocol.md's, read there already by the first reader.
shared = (tree / "tests/vectors/reader_test.py").read_text(encoding="utf-8").split("# --- section 4")[0]
exec(compile(shared, "reader_test.py", "exec"))  # Refused, need, sha, tag, cbor, check_signature, L, P, point, times, same, ZERO

def item(data, at):
    """One canonical CBOR item of the few kinds that the registry has; maps have integers as keys."""
    need(at < len(data), "cut")
    major, info, at = data[at] >> 5, data[at] & 31, at + 1
    if major == 7:
        need(info in (20, 21), "an unknown simple value")
        return info == 21, at
    need(info < 28 and major != 6, "indefinite, reserved or a tag")
    size = 0 if info < 24 else 1 << info - 24
    need(at + size <= len(data), "cut")
    n, at = (int.from_bytes(data[at:at + size], "big") if size else info), at + size
    if major in (2, 3):
        need(n <= len(data) - at, "cut")
        return (data[at:at + n] if major == 2 else data[at:at + n].decode()), at + n
    if major in (0, 1):
        return (n if major == 0 else -1 - n), at
    need(n <= len(data) - at, "a count beyond the bytes left")
    out = []
    while len(out) < n * (major - 3):
        x, at = item(data, at)
        out.append(x)
    return (out if major == 4 else dict(zip(out[::2], out[1::2]))), at

def parse(data):
    out, end = item(data, 0)
    need(end == len(data) and cbor(out) == data, "not the canonical encoding")
    return out

def opened(data, parts):
    out = parse(data)
    need(isinstance(out, list) and out[0] == 1 and parts in (None, len(out)), "format or number of parts")
    return out[1:]

def fields(map, known):
    need(list(map) == sorted(map) and set(range(1, known + 1)) <= map.keys(), "a field is missing")
    need(all(k <= known or k >= 100 for k in map), "needs an upgrade")
    return [map[k] for k in range(1, known + 1)]

def good_key(key):
    need(len(key) == 32 and not same(times(8, point(key)), ZERO), "a key of small order")

# --- section 3
def read_root(data):
    body, signatures = opened(data, 3)
    (map,) = opened(body, 2)
    d = dict(zip("version name origin keys threshold log freshness expiry issued".split(), fields(map, 9)))
    signers = [key for key, _ in signatures]
    need(signers == sorted(set(signers)) and d["keys"] == sorted(set(d["keys"])), "order of keys")
    need(1 <= d["threshold"] <= len(d["keys"]) <= 16 and d["log"] != d["freshness"] and d["expiry"] >= 3, "root")
    for key in d["keys"] + [d["log"], d["freshness"]]:
        good_key(key)
    d["signed"] = set()
    for key, signature in signatures:
        check_signature(key, tag(b"registry root signature") + body, signature)
        d["signed"].add(key)
    d["hash"] = sha(tag(b"registry id"), body)
    return d

def read_chain(data, registry_id):
    roots = [read_root(r) for r in opened(data, None)]
    need(roots and roots[0]["hash"] == registry_id, "another registry")
    for i, d in enumerate(roots):
        need(d["version"] == i + 1 and d["origin"] == roots[0]["origin"], "version or origin")
        for by in roots[max(i - 1, 0):i + 1]:
            need(len(d["signed"] & set(by["keys"])) >= by["threshold"], "threshold")
    return roots[-1]

# --- section 4
def key_line(name, kind, key):
    id = sha(name.encode(), b"\n", bytes([kind]), key)[:4]
    return id, f"{name}+{id.hex()}+{base64.b64encode(bytes([kind]) + key).decode()}"

def read_checkpoint(note, root):
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    origin, size, hash = text.splitlines()
    need(origin == root["origin"] and re.fullmatch("0|[1-9][0-9]*", size), "origin or size")
    found = {}
    for line in lines.splitlines():
        dash, name, signature = line.split(" ")
        need(dash == "\u2014", "signature line")
        signature = base64.b64decode(signature, validate=True)
        for kind, suffix, key in ((1, "", root["log"]), (4, "/freshness", root["freshness"])):
            if name == origin + suffix and signature[:4] == key_line(name, kind, key)[0]:
                time, head = int.from_bytes(signature[4:12], "big"), 12 if kind == 4 else 4
                signed = f"cosignature/v1\ntime {time}\n{text}" if kind == 4 else text
                check_signature(key, signed.encode(), signature[head:])
                found[kind] = time
    need(found.keys() == {1, 4}, "unsigned")
    return int(size), base64.b64decode(hash, validate=True), found[4]

# --- section 5
def tree_root(leaves):
    if len(leaves) < 2:
        return sha(b"\0", leaves[0]) if leaves else sha()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b"\1", tree_root(leaves[:half]), tree_root(leaves[half:]))

def skeleton(handle):
    plain = handle.replace("-", "").translate(str.maketrans("01l", "oii"))
    return re.sub("rn|vv", lambda two: {"rn": "m", "vv": "w"}[two[0]], plain)

RESERVED = "all everyone group institution members public registry sangam".split()
KINDS = {1: ("institution_admitted", 6), 2: ("node_added", 4), 3: ("document_updated", 2), 4: ("node_revoked", 3),
         5: ("institution_revoked", 2)}
DAY = 24 * 3600 * 1000

class Members:
    def __init__(self, registry_id):
        self.id, self.institutions, self.nodes, self.skeletons = registry_id, {}, {}, {skeleton(w) for w in RESERVED}

    def new_node(self, node, institution, time, counts_from, document):
        need(node not in self.nodes, "a node id comes once")
        good_key(node)
        self.nodes[node] = {"institution": institution, "added": time, "counts_from": counts_from, "revoked": "",
                            "document": document[1], "version": document[0]}

    def signed(self, by, institution, time, what, message, waits=False):
        if by:
            signer = self.nodes.get(by[0])
            need(signer and signer["institution"] == institution and not signer["revoked"], "signer")
            need(waits or time >= signer["counts_from"], "the signer waits")
            check_signature(by[0], tag(what) + cbor(message), by[1])

    def take(self, data):
        kind, time, map = opened(data, 4)
        need(kind in KINDS, "needs an upgrade")
        name, known = KINDS[kind]
        f = fields(map, known)
        if kind == 1:
            node, handle, title, wiews, ror, document = f
            need(re.fullmatch("[a-z][a-z0-9-]{1,31}", handle) and not handle.endswith("-"), "handle")
            need(skeleton(handle) not in self.skeletons, "handle taken")
            self.new_node(node, node, time, time, document)
            self.skeletons.add(skeleton(handle))
            self.institutions[node] = {"handle": handle, "revoked": ""}
        elif kind == 2:
            node, institution, document, by = f
            need(institution in self.institutions and not self.institutions[institution]["revoked"], "institution")
            self.signed(by, institution, time, b"node admission signature", [self.id, institution, node])
            self.new_node(node, institution, time, time if by else time + 3 * DAY, document)
        elif kind == 5:
            need(f[0] in self.institutions and not self.institutions[f[0]]["revoked"], "institution")
            self.institutions[f[0]]["revoked"] = f[1]
            for of in self.nodes.values():
                if of["institution"] == f[0]:
                    of["revoked"] = of["revoked"] or f[1]
        else:
            of = self.nodes.get(f[0])
            need(of and not of["revoked"], "node")
            if kind == 3:
                need(f[1][0] > of["version"], "version")
                of["version"], of["document"] = f[1]
            else:
                self.signed(f[2], of["institution"], time, b"node revocation signature", [self.id, *f[:2]],
                            f[2] and f[2][0] == f[0])
                of["revoked"] = f[1]
        return name, time

# --- sections 6 and 7
def read_document(data, registry_id):
    body, signature = opened(data, 3)
    (map,) = opened(body, 2)
    of, node, version, name, endpoints = (map[k] for k in range(1, 6))
    need(of == registry_id, "another registry")
    check_signature(node, tag(b"node document signature") + body, signature)
    text = [(f"[{host}]" if ":" in host else host) + f":{port}" for host, port in endpoints]
    return {"node": node, "version": version, "name": name, "endpoints": text, "hash": sha(tag(b"node document"), data)}

def read_invitation(text, registry_id):
    need(text.startswith("sangam-invite:"), "no invitation")
    data = base64.urlsafe_b64decode(text[14:] + "=" * (-len(text[14:]) % 4))
    need(sha(tag(b"invitation checksum"), data[:-4])[:4] == data[-4:], "damaged")
    (map,) = opened(data[:-4], 2)
    need(map[2] == registry_id, "another registry")
    token = map.get(4, bytes(32))
    return {"url": map[1], "handle": map[3], "token": token, "token_hash": sha(tag(b"invitation token"), token)}

def check_request(kind, data, registry_id):
    if kind == "enrol":
        token, handle, document, signature = opened(data, 5)
        d = read_document(document, registry_id)
        message, signer = [registry_id, sha(tag(b"invitation token"), token), handle, d["node"], d["hash"]], d["node"]
        return check_signature(signer, tag(b"enrolment signature") + cbor(message), signature)
    signer, *what, signature = opened(data, 5)
    name = b"node admission signature" if kind == "admit" else b"node revocation signature"
    check_signature(signer, tag(name) + cbor([registry_id, *what]), signature)

# --- the vectors
def unhex(x):
    return bytes.fromhex(x)

def expect(case, found):
    found = json.loads(json.dumps(found, default=bytes.hex))
    need(found == {key: case[key] for key in found}, f"{case} is read as {found}")

def check_log(log):
    registry_id = unhex(log["registry_id"])
    root = read_chain(unhex(log["chain"]), registry_id)
    need(key_line(root["origin"], 1, root["log"])[1] == log["log_key"], "log key")
    need(key_line(root["origin"] + "/freshness", 4, root["freshness"])[1] == log["freshness_key"], "freshness key")
    size, hash, time = read_checkpoint(log["checkpoint"], root)
    entries = [unhex(e["encoded"]) for e in log["entries"]]
    need(size == len(entries) and time == log["time_s"], "size or time")
    need([tree_root(entries[:n]).hex() for n in range(size + 1)] == log["roots"] and hash.hex() == log["roots"][-1], "root")
    members = Members(registry_id)
    for case, entry in zip(log["entries"], entries):
        name, when = members.take(entry)
        expect(case, {"kind": name, "time": when})
    for case in log["documents"]:
        expect(case, read_document(unhex(case["encoded"]), registry_id))
    need(len(members.nodes) == len(log["nodes"]), "number of nodes")
    for case in log["nodes"]:
        node = members.nodes[unhex(case["node"])]
        expect(case, {**node, "institution": members.institutions[node["institution"]]["handle"]})
    return len(entries)

def check_joining(joining):
    registry_id = unhex(joining["registry_id"])
    for case in joining["invitations"]:
        expect(case, read_invitation(case["text"], registry_id))
    for case in joining["requests"]:
        check_request(case["kind"], unhex(case["encoded"]), registry_id)

def check_handles(handles):
    for case in handles["handles"]:
        expect(case, {"skeleton": skeleton(case["handle"])})

def bent(document, path):
    """The vectors with one byte or letter changed in the value at `path`."""
    out = copy.deepcopy(document)
    at = out
    for step in path[:-1]:
        at = at[step]
    text = at[path[-1]]
    middle = len(text) // 2
    at[path[-1]] = text[:middle] + ("1" if text[middle] != "1" else "2") + text[middle + 1:]
    return out

def must_refuse(check, document, path):
    try:
        check(bent(document, path))
    except (Refused, ValueError, KeyError, TypeError, IndexError):
        return
    sys.exit(f"a change at {path} is not refused")

files = {f.stem: json.loads(f.read_text(encoding="utf-8")) for f in (tree / "tests/vectors/registry").glob("*.json")}
need(files.keys() == {"log", "joining", "handles"}, "some vectors are missing, or unknown to this reader")
log, joining = files["log"], files["joining"]
print("entries:", check_log(log))
check_joining(joining)
check_handles(files["handles"])
bends = [(check_log, log, [key]) for key in ("registry_id", "chain", "checkpoint")]
bends += [(check_log, log, ["entries", i, "encoded"]) for i in range(len(log["entries"]))]
bends += [(check_log, log, ["documents", i, "encoded"]) for i in range(len(log["documents"]))]
bends += [(check_joining, joining, ["requests", i, "encoded"]) for i in range(len(joining["requests"]))]
bends += [(check_joining, joining, ["invitations", i, "text"]) for i in range(len(joining["invitations"]))]
for bend in bends:
    must_refuse(*bend)
print("changes refused:", len(bends))
