# SPDX-License-Identifier: Apache-2.0
"""A second implementation of docs/protocol.md, which knows that page and nothing of the C++: recomputes every hash, salt,
proof and signature of the golden vectors, and refuses what has to be refused. Usage: reader_test.py SOURCE_TREE"""
import hashlib, json, math, pathlib, struct, sys

class Refused(Exception):
    pass

def need(condition, why):
    if not condition:
        raise Refused(why)

def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def tag(name):
    return b"sangam " + name + b" v1\0"

# --- section 2: CBOR. An encoder, and a reader that refuses what the encoder would not write.
def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    size = next(size for size in (1, 2, 4, 8) if n < 1 << 8 * size)
    return bytes([major << 5 | 23 + size.bit_length()]) + n.to_bytes(size, "big")

FLOATS = ((b"\xf9", ">e", 65520), (b"\xfa", ">f", 2**128 - 2**103), (b"\xfb", ">d", math.inf))

def cbor(x):
    if x is None or isinstance(x, bool):
        return {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[x]
    if isinstance(x, int):
        return head(0, x) if x >= 0 else head(1, -1 - x)
    if isinstance(x, float):
        return next(info + struct.pack(form, x) for info, form, limit in FLOATS
                    if abs(x) < limit and struct.unpack(form, struct.pack(form, x))[0] == x)
    if isinstance(x, (bytes, str)):
        data = x if isinstance(x, bytes) else x.encode()
        return head(2 if data is x else 3, len(data)) + data
    if isinstance(x, list):
        return head(4, len(x)) + b"".join(map(cbor, x))
    return head(5, len(x)) + b"".join(k + v for k, v in sorted((cbor(k), cbor(v)) for k, v in x.items()))

def read_item(data, at, depth):
    need(at < len(data) and depth >= 0, "cut or too deep")
    major, info, at = data[at] >> 5, data[at] & 31, at + 1
    if major == 7 and info in (20, 21, 22):
        return (False, True, None)[info - 20], at
    size = 0 if info < 24 else {24: 1, 25: 2, 26: 4, 27: 8}.get(info, 99)
    need(major != 6 and at + size <= len(data), "a tag, indefinite, reserved or cut")
    argument, at = data[at:at + size], at + size
    if major == 7:
        need(size in (2, 4, 8), "an unknown simple value")
        x = struct.unpack({2: ">e", 4: ">f", 8: ">d"}[size], argument)[0]
        need(math.isfinite(x), "not finite")
        return x, at
    n = int.from_bytes(argument, "big") if size else info
    if major < 2:
        return (n if major == 0 else -1 - n), at
    need(n <= len(data) - at, "a count beyond the bytes left")
    if major < 4:
        return (data[at:at + n] if major == 2 else data[at:at + n].decode()), at + n
    items = []
    while len(items) < n * (major - 3):
        item, at = read_item(data, at, depth - 1)
        items.append(item)
    need(major == 4 or all(isinstance(key, str) for key in items[::2]), "a key that is no text")
    return (items if major == 4 else dict(zip(items[::2], items[1::2]))), at

def parse(data):
    item, end = read_item(data, 0, 24)
    need(end == len(data) and cbor(item) == data, "not the canonical encoding")
    return item

def check_value(value, depth=16):
    need(not isinstance(value, bytes), "a byte string")
    need(not isinstance(value, int) or -2**63 <= value < 2**63, "beyond 64 bits")
    if isinstance(value, (list, dict)):
        need(depth > 0, "too deep")
        for element in value.values() if isinstance(value, dict) else value:
            check_value(element, depth - 1)

# --- section 1: Ed25519 (RFC 8032 section 6); a point is (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ZERO = -121665 * pow(121666, -1, P) % P, (0, 1, 1, 0)

def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    return (b - a) * (d - c) % P, (d + c) * (b + a) % P, (d - c) * (d + c) % P, (b - a) * (b + a) % P

def times(n, p):
    return add(times(n >> 1, add(p, p)), p if n & 1 else ZERO) if n else ZERO

def same(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0

def point(data):
    y, sign = int.from_bytes(data, "little") & (1 << 255) - 1, data[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    need(y < P and x * x % P == square and not (x == 0 and sign), "not a point")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P

def check_signature(key, message, signature):
    a, r, s = point(key), point(signature[:32]), int.from_bytes(signature[32:], "little")
    need(s < L and not same(times(8, a), ZERO), "scalar, or a key of small order")
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    need(same(times(s, point(b"\x58" + b"\x66" * 31)), add(r, times(k, a))), "signature")

# --- section 4: trees and multiproofs
def rebuild(first, size, chosen, proof):
    if not any(first <= i < first + size for i in chosen):
        need(proof, "a missing proof hash")
        return proof.pop(0)
    if size == 1:
        return chosen[first]
    half = 1 << (size - 1).bit_length() - 1
    left = rebuild(first, half, chosen, proof)
    return sha(b"\1", left, rebuild(first + half, size - half, chosen, proof))

def check_tree(size, indices, data, proof, root):
    need(indices and indices == sorted(set(indices)) and indices[-1] < size and len(indices) == len(data), "places")
    left = list(proof)
    need(rebuild(0, size, {i: sha(b"\0", d) for i, d in zip(indices, data)}, left) == root and not left, "proof")

# --- section 5: changes. ChaCha20 (RFC 8439) under a zero nonce gives the salts.
def salts(secret, count):
    stream = b""
    for counter in range((count + 3) // 4):
        start = list(struct.unpack("<4I8I", b"expand 32-byte k" + secret)) + [counter, 0, 0, 0]
        x = start[:]
        for i in range(80):
            a = i % 4
            b, c, d = [4 + (a + turn * (i % 8 > 3)) % 4 + base for turn, base in ((1, 0), (2, 4), (3, 8))]
            for p, q, r, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                x[p] = x[p] + x[q] & 0xffffffff
                x[r] = (x[r] ^ x[p]) << turn & 0xffffffff | (x[r] ^ x[p]) >> 32 - turn
        stream += struct.pack("<16I", *(m + n & 0xffffffff for m, n in zip(x, start)))
    return [stream[i * 16:i * 16 + 16] for i in range(count)]

def ascending(keys):
    return all(a < b for a, b in zip(keys, keys[1:]))

def read_change(data, dataset, node, epoch, sequence):
    form, *item = parse(data)
    need(form in (1, 2) and len(item) == 4 + form, "form")
    collection, record, context, key, fields, hidden = item + [[]] * (2 - form)
    need(all(1 <= len(t.encode()) <= 1024 for t in (collection, record)), "collection or id")
    need(ascending([v[:2] for v in context]) and all(len(v) == 3 and len(v[0]) == 32 and v[2] > 0 for v in context), "context")
    need(ascending(hidden) and all(len(h) == 32 for h in hidden), "hidden leaves")
    count = len(fields) + len(hidden)
    need(1 <= count <= 4096 and len(data) <= 4 * 2**20 + (form - 1) * 40 * count, "size")
    stream = salts(key, count + 1) if form == 1 else [key] + [field.pop(0) for field in fields]
    paths = [[name.encode() for name in field[0]] for field in fields]
    need(all(1 <= len(p) <= 32 and max(map(len, p)) <= 1024 for p in paths), "path")
    need(ascending(paths) and all(b[:len(a)] != a for a, b in zip(paths, paths[1:])), "order, or a field below another")
    for field in fields:
        need(field[1:] == [1] or field[1] == 0 and len(field) == 3, "neither put nor removed")
        check_value(field[-1])
    leaves = [sha(tag(b"leaf"), salt, cbor(field)) for salt, field in zip(stream[1:], fields, strict=True)]
    every = sorted(leaves + hidden)
    need(all(len(s) == 16 for s in stream) and ascending(every), "salts, or two equal leaves")
    place = dataset + node + struct.pack(">QQ", epoch, sequence)
    hash = sha(tag(b"change"), place, stream[0], cbor([1, collection, record, context, count]), *every)
    shown = [{"path": f[0], **({"value": f[2]} if f[1] == 0 else {"removed": True}), "salt": s, "leaf": leaf}
             for f, s, leaf in zip(fields, stream[1:], leaves)]
    return {"collection": collection, "id": record, "context": context, "blind": stream[0], "fields": shown,
            "hidden": hidden, "hash": hash}

# --- section 6: commits
HEADER = "dataset node epoch sequence previous heads manifest_number manifest_hash hlc count root".split()

def read_part(data):
    form, signed, indices, changes, proof = parse(data)
    signed_form, header, key, signature = parse(signed)
    header_form, *fields = parse(header)
    need((form, signed_form, header_form, len(fields)) == (1, 1, 1, 11), "format")
    h = dict(zip(HEADER, fields))
    lane, lanes = [h["node"], h["epoch"]], [other[:2] for other in h["heads"]]
    need(h["sequence"] > 0 and (h["previous"] == bytes(32)) == (h["sequence"] == 1) and 1 <= h["count"] <= 1024, "header")
    need(ascending(lanes) and lane not in lanes and all(other[2] > 0 for other in h["heads"]), "heads")
    check_signature(key, tag(b"commit signature") + header, signature)
    found = [read_change(c, h["dataset"], *lane, h["sequence"]) for c in changes]
    need(len({(c["collection"], c["id"]) for c in found}) == len(found), "two changes to one record")
    need(all(v[:2] != lane or v[2] < h["sequence"] for c in found for v in c["context"]), "has seen its own commit")
    hashes = [c["hash"] for c in found]
    need(ascending(hashes), "order of changes")
    check_tree(h["count"], indices, hashes, proof, h["root"])
    return {"header": h, "header_hash": sha(tag(b"commit"), header), "key": key, "signature": signature,
            "indices": indices, "change_hashes": hashes, "proof": proof}

# --- section 7: the control log
KEYS = {1: "cuts name nonce owner title schema licence writers", 2: "id hide where actions audience", 3: "grant"}
ACTIONS = ["discover", "search", "aggregate", "replicate"]

def read_entry(data):
    signed_form, entry, key, signature = parse(data)
    form, dataset, chain, number, previous, hlc, author, kind, body = parse(entry)
    need((signed_form, form) == (1, 1) and len(entry) <= 512 * 1024, "format or size")
    need(kind in KEYS and list(body) == KEYS[kind].split(), "keys")
    need(number > 0 and (previous == bytes(32)) == (number == 1), "number and previous")
    need((dataset == bytes(32)) == (number == 1 and chain == "all") and (chain == "all") == (kind == 1), "dataset or chain")
    if kind == 1:
        need(ascending(body["writers"]) and body["owner"] not in body["writers"], "writers")
        need(ascending([cut[:2] for cut in body["cuts"]]), "cuts")
        need(list(body["schema"]) == ["types", "groups", "defaults", "strategies"], "schema")
    if kind == 2:
        need(body["actions"] and body["actions"] == [a for a in ACTIONS if a in body["actions"]], "actions")
        hidden = [[name.encode() for name in path] for path in body["hide"]]
        need(body["audience"] == chain and ascending(hidden), "audience or hidden fields")
    check_signature(key, tag(b"control signature") + entry, signature)
    hash = sha(tag(b"control"), entry)
    return {"dataset_uid": hash if dataset == bytes(32) else dataset, "chain": chain, "number": number, "hash": hash,
            "previous": previous, "hlc": hlc, "author": author, "kind": kind, "key": key}

# --- sections 8 and 9: frames
STRUCTURES = {"ControlNumber": "id32 text u64", "Head": "id32 u64 u64 id32", "Withdrawal": "text text Reason",
              "Hit": "text text text f64 bool bytes text text [u32] u64", "Facet": "text text u64",
              "Statistics": "u64 u64 [u64]"}
NUMBERS = {"u16": ("<H", 0, 2**16), "u32": ("<I", 0, 2**32), "u64": ("<Q", 0, 2**64), "f64": ("<d", -1e309, 1e309), "bool": ("<B", 0, 1),
           "AbortCode": ("<H", 1, 10), "State": ("<B", 1, 3), "Reason": ("<B", 1, 4), "Source": ("<B", 1, 4)}
MESSAGES = {1: "u16 u16 [text] id32 u64 u64 text id32 [ControlNumber]", 2: "AbortCode text", 3: "u64", 4: "u64",
            16: "u64 bytes", 17: "u64", 18: "u64 [bytes] bytes [bytes]", 32: "id32 [bytes]", 33: "id32 u64",
            48: "id32 [Head]", 49: "id32 [bytes]", 64: "id16 id32 text bool u64 u64 u64",
            65: "id16 State text bool u64 u64", 66: "id16 u64 u64 [bytes] [Withdrawal] bool u64",
            67: "id16 u64 u64 u64", 68: "id16", 80: "u64 text text u32 u32 [text] text [id32] text bool Statistics", 82: "u64 u32 text",
            81: "u64 id32 Source u64 u64 u64 u64 [Hit] [Facet] text Statistics u32"}

def read_fields(kinds, data):
    out = []
    for kind in kinds:
        field, data = read_field(kind, data)
        out.append(field)
    return out, data

def read_field(kind, data):
    if kind in STRUCTURES:
        return read_fields(STRUCTURES[kind].split(), data)
    if kind.startswith("["):
        count, data = read_field("u32", data)
        need(count <= len(data), "a count beyond the bytes left")
        return read_fields([kind[1:-1]] * count, data)
    size = struct.calcsize(NUMBERS[kind][0]) if kind in NUMBERS else int(kind[2:]) if kind.startswith("id") else None
    if size is None:
        size, data = read_field("u32", data)
    need(size <= len(data), "cut")
    taken, data = data[:size], data[size:]
    if kind not in NUMBERS:
        return taken.decode() if kind == "text" else taken, data
    form, low, high = NUMBERS[kind]
    number = struct.unpack(form, taken)[0]
    need(low <= number <= high and math.isfinite(number), "a number that stands for nothing, or not finite")
    return bool(number) if kind == "bool" else number, data

def read_frame(frame):
    length, kind, flags = struct.unpack("<IHH", frame[:8])
    need(length <= 8 * 2**20 and flags == 0 and kind in MESSAGES and length == len(frame) - 8, "frame header")
    fields, left = read_fields(MESSAGES[kind].split(), frame[8:])
    need(not left and (kind != 64 or len(fields[2].encode()) <= 4096), "bytes after the last field, or the condition")
    return {"type": kind, "fields": fields}

# --- the vectors
def read_value(data):
    check_value(parse(data))
    return {"value": parse(data)}

def read_tree(data, leaves, root, indices, proof):
    return check_tree(len(leaves), indices, [leaves[i] for i in indices], proof, root) or {}

FILES = {"cbor": ("values", read_value, ""), "trees": ("trees", read_tree, "leaves root indices proof"),
         "changes": ("changes", read_change, "dataset node epoch sequence"), "commits": ("parts", read_part, ""),
         "control": ("entries", read_entry, ""), "frames": ("frames", read_frame, "")}

def unhex(x):
    return bytes.fromhex(x) if isinstance(x, str) else [unhex(y) for y in x] if isinstance(x, list) else x

def run(read, more, case):
    return read(unhex(case.get("encoded", "")), *(unhex(case[name]) for name in more.split()))

folder = pathlib.Path(sys.argv[1]) / "tests" / "vectors"
files = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in folder.glob("*.json")}
need(files.keys() == FILES.keys(), "some vectors are missing, or unknown to this reader")
for name, (kind, read, more) in FILES.items():
    good, refused = files[name][kind], files[name].get("refused", [])
    for case in good:
        found = json.dumps(run(read, more, case), default=bytes.hex, sort_keys=True)
        need(found == json.dumps({key: case[key] for key in json.loads(found)}, sort_keys=True),
             f"{name}: {case} is read as {found}")
    for case in refused:
        try:
            run(read, more, {**good[0], **case})
        except (Refused, UnicodeDecodeError):
            continue
        sys.exit(f"{name}: {case['meaning']} is not refused")
    need(good and (refused or name == "trees"), f"{name}: no vectors")
    print(f"{name}: {len(good)} read, {len(refused)} refused")
need(sorted(case["type"] for case in files["frames"]["frames"]) == sorted(MESSAGES), "a message without a vector")
