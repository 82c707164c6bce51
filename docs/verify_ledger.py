#!/usr/bin/env python3
"""Verifies what a Pools Panel says happened, without the panel, its database or its secrets.

    python3 verify_ledger.py bundle evidence.zip --key KEY [--older checkpoint.txt]
    python3 verify_ledger.py export ledger.txt|archive.txt --key KEY --checkpoint checkpoints.txt
    python3 verify_ledger.py growth growth.txt --key KEY --older checkpoint.txt

KEY: a public key of the panel or of a witness, or a file of some. Get it from the panel's address
(/audit/keys), not from what you check. Exit 0: it fits. 1: it doesn't. 2: it wasn't checked. 3: it
fits, but you gave no key, so anybody may have made it. Needs Python 3.11, nothing else, no network.
Formats: C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-witness; RFC 9162; RFC 8032.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
import zipfile
from collections import namedtuple
from functools import reduce
from pathlib import Path

LONGEST, LARGEST = 1 << 20, 64 << 20  # bytes: of a line; of a bundle, unpacked
NUMBER = r"(0|[1-9][0-9]{0,17})"
# An entry: the form of its digest, its number, the digest before it, all its other columns.
ENTRY = re.compile(rf"[0-9]{{1,5}}\|{NUMBER}\|[0-9a-f]{{64}}\|(\{{.*\}})".encode(), re.DOTALL)
WORDS = r"([^\0-\x1f]+)\n"  # a checkpoint: the log's name, its size and root, all that; signatures
CHECKPOINT = re.compile(rf"({WORDS}{NUMBER}\n{WORDS}(?:[^\0-\x1f]+\n)*)\n((?:— .+\n){{1,100}})\n*")
NEEDED = {"rows.txt", "proofs.json", "checkpoint.txt", "filter.json", "index.html", "keys.txt"}
LOOSE = {"README.txt", "verify_ledger.py"}  # not covered in bundles of before December 2026
ALLOWED = NEEDED | LOOSE | {"older.txt", "growth.txt"}
Checkpoint = namedtuple("Checkpoint", "origin size root signers witnesses")
P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, BASE = -121665 * pow(121666, -1, P) % P, (4 * pow(5, -1, P) % P).to_bytes(32, "little")


def insist(condition, sentence):
    if not condition:
        raise ValueError(sentence)


def plus(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number, point, total=(0, 1, 1, 0)):
    while number:
        total = plus(total, point) if number & 1 else total
        point, number = plus(point, point), number >> 1
    return total


def point_of(data):
    """The point that 32 bytes stand for. None: for none, or not in the one way to write it."""
    sign, y = divmod(int.from_bytes(data, "little"), 2**255)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x * pow(2, (P - 1) // 4, P) % P if (x * x - square) % P else x  # times the root of -1
    x = P - x if x & 1 != sign else x
    fits = y < P and x < P and (x * x - square) % P == 0  # x is P where a 0 is said to be odd
    return (x, y, 1, x * y % P) if fits else None


def is_signed(key, message, signature):
    """Whether the holder of the private key that belongs to `key` signed `message`."""
    a, r, s = point_of(key), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    # With a larger s, one signature has many forms; a key of small order fits any message.
    if (len(key), len(signature)) != (32, 64) or not (a and r) or s >= ORDER or times(8, a)[0] == 0:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    p, q = times(s, point_of(BASE)), plus(r, times(int.from_bytes(digest, "little") % ORDER, a))
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 == (p[1] * q[2] - q[1] * p[2]) % P


def hashed(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root_of(parts):
    """The root over whole subtrees, the largest first."""
    return reduce(lambda root, part: hashed(b"\1", part, root), parts[::-1]) if parts else hashed()


def climb(found, fn, sn, path):
    """The roots of the tree that ends at node `fn`, and of that which ends at `sn` (RFC 9162)."""
    was = now = found
    for each in path:
        if sn == 0:
            return None, None
        if fn & 1 or fn == sn:
            was, now = hashed(b"\1", each, was), hashed(b"\1", each, now)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            now = hashed(b"\1", now, each)
        fn, sn = fn >> 1, sn >> 1
    return (was, now) if sn == 0 else (None, None)


def keys_in(text):
    """Public keys by name and id, from lines of <name>+<id>+<base64 of type and key>."""
    keys = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, known_as, data = [*line.split("+", 2), "", ""][:3]
        key = base64.b64decode(data, validate=True)
        same = known_as == hashed(name.encode(), b"\n", key)[:4].hex()
        usable = same and name.isprintable() and len(key) == 33 and key[0] in (1, 4)
        insist(usable, f"This is no public key of a ledger: {line!r}")
        keys[name, bytes.fromhex(known_as)] = key
    return keys


def read_checkpoint(body, origin, size, root, lines, keys):
    """A checkpoint that a known key has signed. What unknown keys say about it is passed over."""
    found = Checkpoint(origin, int(size), base64.b64decode(root, validate=True), [], [])
    for line in lines.split("\n")[:-1]:
        name, _, text = line[2:].partition(" ")
        data, message = base64.b64decode(text, validate=True), body.encode()
        if key := keys.get((name, data[:4])):
            if key[0] == 4:  # a witness's: it begins with the time at which it saw the checkpoint
                at = int.from_bytes(data[4:12], "big")
                message, data = b"cosignature/v1\ntime %d\n%b" % (at, message), data[8:]
            genuine = is_signed(key[1:], message, data[4:])
            insist(genuine, f"The checkpoint of {found.size} entries is forged: not by {name!r}.")
            (found.signers if key[0] == 1 else found.witnesses).append(name)
    insist(found.origin in found.signers, "No key that you gave has signed the checkpoint.")
    return found


def checkpoints_in(data, keys):
    """Every checkpoint of a file, which may hold many, one after the other."""
    text = data.decode().strip("\n") + "\n"
    found = list(CHECKPOINT.finditer(text))
    insist("".join(each[0] for each in found) == text, "What should be a checkpoint is none.")
    return [read_checkpoint(*each.groups(), keys) for each in found]


def head_of(file):
    """The line before the entries of an archive, or of an export that does not begin with 1."""
    if (line := file.readline(LONGEST)).startswith(b'{"after":'):
        return parsed(line)
    file.seek(0)
    return {"after": 0, "roots": []}


def kept(name, keys):
    with Path(name).open("rb") as file:
        return checkpoints_in(head_of(file).get("checkpoint", "").encode() or file.read(), keys)


def grown(data, old, keys):
    """The checkpoint that a proof of growth leads to from checkpoint `old`."""
    head, _, text = data.partition(b"\n\n")
    first, *path = head.decode().split("\n")
    path = [base64.b64decode(each, validate=True) for each in path]
    (new,) = checkpoints_in(text, keys)
    altered = f"History was altered: it doesn't continue the checkpoint of {old.size} entries."
    about = (first, new.origin) == (f"old {old.size}", old.origin)
    insist(about, f"It proves no growth from {old.size} entries: make it with that checkpoint.")
    if old.size in (0, new.size):
        insist(not path and old.root == (new.root if old.size else hashed()), altered)
    else:
        insist(path and old.size < new.size, altered)
        path = [old.root, *path] if old.size & (old.size - 1) == 0 else path
        fn, sn = old.size - 1, new.size - 1
        while fn & 1:
            fn, sn = fn >> 1, sn >> 1
        insist(climb(path[0], fn, sn, path[1:]) == (old.root, new.root), altered)
    seen = f", which {', '.join(old.witnesses)} has signed too" if old.witnesses else ""
    print(f"History only grew since the checkpoint of {old.size} entries{seen}.")
    return new


def parsed(text):
    def once(pairs):
        insist(len(dict(pairs)) == len(pairs), "It has a name twice.")
        return dict(pairs)

    return json.loads(text, object_pairs_hook=once)


def verify_bundle(asked, keys):
    with zipfile.ZipFile(asked.file) as bundle:  # in memory: nothing goes to where names say
        names, files, room = [each.filename for each in bundle.infolist()], {}, LARGEST
        whole = NEEDED <= set(names) <= ALLOWED and len(names) == len(set(names))
        insist(whole, "It is no bundle: a file is missing, is there twice, or doesn't belong.")
        for name in names:
            files[name] = bundle.open(name).read(room + 1)
            room -= len(files[name])
            insist(room >= 0, "It unpacks to more than a bundle can hold.")
    keys = keys or keys_in(files["keys.txt"].decode())
    (checkpoint,) = checkpoints_in(files["checkpoint.txt"], keys)
    *lines, end = files["rows.txt"].split(b"\n")
    entries, proofs = [ENTRY.fullmatch(line) for line in lines], parsed(files["proofs.json"])
    insist(lines and not end and all(entries), "A line is no entry of a ledger.")
    numbers = [int(entry[1]) for entry in entries]
    insist(numbers == sorted(set(numbers)), "An entry is there twice, or they aren't in order.")
    nodes = [base64.b64decode(each, validate=True) for each in proofs["nodes"]]
    for number, line, steps in zip(numbers, lines, proofs["paths"], strict=True):
        path, last = [nodes[step] for step in steps], checkpoint.size - 1
        fits = number <= checkpoint.size and climb(hashed(b"\0", line), number - 1, last, path)[1]
        insist(fits == checkpoint.root, f"Entry {number} isn't as it was recorded.")
    # The last entry records the making of the bundle, and what was in it.
    made = parsed(entries[-1][2])
    insist(made["action"] == "evidence_made", "The entry about its making is missing.")
    facts, listed = parsed(made["facts"]), b"".join(line + b"\n" for line in lines[:-1])
    insist(facts["rows_sha256"] == hashed(listed).hex(), "An entry was left out or added.")
    covered = {"index.html": facts["page_sha256"], **facts.get("files_sha256", {})}
    altered = [each for each in covered if hashed(files.get(each, b"")).hex() != covered[each]]
    insist(not altered, f"Not as it was when this was made: {ascii(altered)[1:-1]}.")
    filters, loose = parsed(files["filter.json"]), LOOSE & files.keys() - covered.keys()
    insist(filters.items() <= facts.items(), "The filter isn't the one that it was made with.")
    print(f"{len(lines) - 1} entries are as they were recorded. None was left out or added.")
    print(f"A selection ({facts['words']!r}) of the {facts['ledger']!r} entries that there were.")
    print(f"Made by {made['actor_name']!r} at {made['at']!r}: that is entry {numbers[-1]}.")
    for name in sorted(loose):
        print(f"Not covered, so anybody may have written it: {name}.")
    if asked.older or "older.txt" in files:
        older = kept(asked.older, keys) if asked.older else checkpoints_in(files["older.txt"], keys)
        insist("growth.txt" in files, "It proves no growth: make it with that checkpoint.")
        newer = grown(files["growth.txt"], *older, keys)
        insist(newer[:3] == checkpoint[:3], "The proof of growth leads to another checkpoint.")
    return checkpoint


def verify_export(asked, keys):
    due, newest = {}, None  # checkpoints by size
    with Path(asked.file).open("rb") as file:
        head = head_of(file)
        begun, parts = head["after"], [base64.b64decode(each) for each in head["roots"]]
        own = kept(asked.file, keys) if "checkpoint" in head else []
        for each in own + [each for name in asked.checkpoint for each in kept(name, keys)]:
            due.setdefault(each.size, []).append(each)
        due or asked.refuse("it needs a checkpoint: --checkpoint")
        before = len(parts) == begun.bit_count() and {each.root for each in due.pop(begun, [])}
        insist(before in (set(), {root_of(parts)}), f"Entries 1 to {begun} aren't those signed.")
        size = good = begun
        for size, line in enumerate(iter(lambda: file.readline(LONGEST), b""), begun + 1):
            entry, place = ENTRY.fullmatch(line.removesuffix(b"\n")), size - 1
            insist(entry and int(entry[1]) == size, f"Entry {size} is missing or damaged.")
            part = hashed(b"\0", entry[0])
            while place & 1:
                part, place = hashed(b"\1", parts.pop(), part), place >> 1
            parts.append(part)
            for newest in due.pop(size, []):
                insist(root_of(parts) == newest.root, f"Entries {good + 1} to {size} were altered.")
                good = size
    most, fits = max(due, default=0), newest and max(due, default=0) <= size
    insist(fits, f"It has entries {begun + 1} to {size}, but a checkpoint is of {most} entries.")
    newer = f", and {size - good} newer not checked" if size > good else ""
    older = [f"Checkpoints of up to {most} entries were not compared."] if due else []
    print(f"Entries {begun + 1} to {good} are as they were recorded{newer}.", *older)
    ends = ". This begins where its checkpoint ends; its entries were" if before else ", which was"
    begun and print(f"Entries 1 to {begun} are in an archive{ends} not looked at.")
    own and grown(head["growth"].encode(), own[0], keys)
    return newest


def verify_growth(asked, keys):
    asked.older or asked.refuse("it needs a checkpoint: --older")
    return grown(Path(asked.file).read_bytes(), *kept(asked.older, keys), keys)


def main():
    verify = {"bundle": verify_bundle, "export": verify_export, "growth": verify_growth}
    parser = argparse.ArgumentParser(description="Verifies evidence from a Pools Panel.")
    parser.add_argument("what", choices=verify)
    parser.add_argument("file")
    parser.add_argument("--key", action="append", default=[], help="a public key, or a file")
    parser.add_argument("--checkpoint", action="append", default=[], help="a file of checkpoints")
    parser.add_argument("--older", help="a checkpoint that you kept")
    asked = parser.parse_args()
    asked.refuse = parser.error
    sys.stdout.reconfigure(errors="backslashreplace")
    try:
        given = [key if "+" in key else Path(key).read_text() for key in asked.key]
        keys = keys_in("\n".join(given))
        insist(keys or not given, "There is no key in it.")
        keys or asked.what == "bundle" or parser.error("you gave no key, and it needs one: --key")
    except (OSError, ValueError) as error:
        parser.error(f"--key can't be used: {error!s:.300}")
    try:
        checkpoint = verify[asked.what](asked, keys)
    except OSError as error:
        parser.error(f"it can't be read: {error}")
    except Exception as error:  # noqa: BLE001  (whatever is malformed)
        sys.exit(f"Don't rely on it. {error!s:.300}")
    by = ", ".join(checkpoint.signers + checkpoint.witnesses)
    print(f"The checkpoint of {checkpoint.size} entries is signed by {by}.")
    given or print("You gave no key: anybody may have made this.")
    sys.exit(0 if given else 3)


if __name__ == "__main__":
    main()
