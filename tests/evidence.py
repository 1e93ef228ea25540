#!/usr/bin/env python3
"""Verifies evidence bundles and the seal of journals: a second opinion, written from src/evidence/FORMAT.md and
src/journal/FORMAT.md alone.

Python's standard library, and `cryptography` for Ed25519. Checks the archive, the signatures, the tree and its proofs, and
that notices and settings are those of the records; the alert itself is derived again by `linewatch verify` only.

  tests/evidence.py verify FILE [--key PUBLIC_KEY]   what a bundle shows, as one JSON object; exit status 1 if nothing
  tests/evidence.py journal DIR [--key PUBLIC_KEY]   every checkpoint of a journal against its records
"""

import argparse
import base64
import hashlib
import json
import pathlib
import struct
import sys
from collections import namedtuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import journal  # noqa: E402

PARTS = ["README.txt", "checkpoint.txt", "keys.txt", "proof.json", "reload.bin", "engine.bin", "records.bin", "settings.json",
         "notices.jsonl", "track.jsonl", "plot.svg", "SHA256"]
README = pathlib.Path(__file__).parent.parent / "src" / "evidence" / "README.txt"
LOG, WITNESS = 1, 4

Key = namedtuple("Key", "name id kind raw text")
Checkpoint = namedtuple("Checkpoint", "origin size root text signatures")


class Refused(ValueError):
    """What is wrong, and where."""


def demand(holds, what):
    """Refuses with these words what does not hold."""
    if not holds:
        raise Refused(what)


def sha256(content):
    return hashlib.sha256(content).digest()


def unbase64(text):
    """Bytes of base64 that would be written so."""
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Refused(f"not base64: {text[:40]!r}") from error
    demand(base64.b64encode(content).decode() == text, f"not base64 as it is written: {text[:40]!r}")
    return content


# The tree.

def node(left, right):
    return sha256(b"\x01" + left + right)


def bits(size):
    """The set bits of a size, the highest first."""
    return [bit for bit in range(size.bit_length() - 1, -1, -1) if size >> bit & 1]


class Tree(journal.Merkle):
    """The tree of RFC 6962, section 2.1, which may begin with subtrees."""

    @classmethod
    def of(cls, size, peaks):
        """A tree of this size from the roots of its complete subtrees."""
        demand(len(peaks) == size.bit_count(), "`left` has not as many hashes as the size has bits")
        tree = cls()
        tree.size, tree.peaks = size, [(1 << bit, peak) for bit, peak in zip(bits(size), peaks)]
        return tree

    def append_subtree(self, leaves, root):
        """Adds a complete subtree."""
        demand(self.size % leaves == 0, "a subtree where none can stand")
        self.size += leaves
        while self.peaks and self.peaks[-1][0] == leaves:
            root, leaves = node(self.peaks.pop()[1], root), leaves * 2
        self.peaks.append((leaves, root))


def right_sizes(end, size):
    """Leaves of the complete subtrees that those from `end` to `size` are the sum of."""
    while end < size:
        leaves = end & -end if end else 1 << size.bit_length()
        while end + leaves > size:
            leaves //= 2
        yield leaves
        end += leaves


def root_by_path(leaf, index, size, path):
    """RFC 9162, section 2.1.3.2."""
    demand(index < size, "a record behind the end of the tree")
    at, last, root = index, size - 1, leaf
    for beside in path:
        demand(last > 0, "a path that is too long")
        if at & 1 or at == last:
            root = node(beside, root)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            root = node(root, beside)
        at, last = at >> 1, last >> 1
    demand(last == 0, "a path that is too short")
    return root


# Notes.

def parse_key(text):
    """NAME+ID+KEY of C2SP signed-note."""
    name, _, rest = text.partition("+")
    number, _, encoded = rest.partition("+")
    content = unbase64(encoded)
    demand(name and not any(c.isspace() for c in name) and len(content) == 33, f"not a key: {text!r}")
    demand(sha256(name.encode() + b"\n" + content)[:4].hex() == number, f"a key whose id is not its own: {text!r}")
    demand(content[0] in (LOG, WITNESS), f"a key of an unknown type: {text!r}")
    return Key(name, bytes.fromhex(number), content[0], content[1:], text)


def parse_note(content):
    """A signed note that is a checkpoint."""
    try:
        whole = content.decode()
    except UnicodeDecodeError as error:
        raise Refused("the checkpoint is not UTF-8") from error
    body, empty, lines = whole.rpartition("\n\n")
    demand(empty and lines.endswith("\n"), "the checkpoint is no signed note")
    text = body + "\n"
    fields = text.split("\n")
    demand(len(fields) == 4 and fields[3] == "" and fields[1].isascii() and fields[1].isdigit(), "not a checkpoint")
    size, root = int(fields[1]), unbase64(fields[2])
    demand(str(size) == fields[1] and len(root) == 32, "a size or a root that would be written otherwise")
    signatures = []
    for line in lines[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, space, encoded = rest.partition(" ")
        demand(dash == "\u2014" and space and name, f"not a line of signature: {line!r}")
        made = unbase64(encoded)
        demand(len(made) > 4, "a signature without bytes")
        signatures.append((name, made[:4], made[4:]))
    return Checkpoint(fields[0], size, root, text, signatures)


def verify_signature(key, text, signature):
    """When a witness signed, None for the log; refuses what does not verify."""
    name, number, made = signature
    demand((name, number) == (key.name, key.id), f"a signature by {name}, not by {key.text}")
    message, at = text.encode(), None
    if key.kind == WITNESS:
        demand(len(made) == 72, "a cosignature of another length")
        at, made = struct.unpack(">Q", made[:8])[0], made[8:]
        message = f"cosignature/v1\ntime {at}\n".encode() + message
    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(made, message)
    except InvalidSignature as error:
        raise Refused(f"the signature by {key.text} does not verify") from error
    return at


# Bundles.

def header(name, size):
    """An entry's header, as there is only one of."""
    block = bytearray(512)
    for at, text in [(0, name), (100, "0000644"), (108, "0000000"), (116, "0000000"), (124, f"{size:011o}"),
                     (136, "00000000000"), (148, "        "), (156, "0"), (257, "ustar\x0000")]:
        block[at:at + len(text)] = text.encode()
    block[148:155] = f"{sum(block):06o}\0".encode()
    return bytes(block)


def parts(content):
    """The entries of an archive."""
    found, at = {}, 0
    for name in PARTS:
        digits = content[at + 124:at + 135]
        demand(len(digits) == 11 and digits.isdigit() and not digits.strip(b"01234567"), f"{name}: no entry here")
        size = int(digits, 8)
        demand(content[at:at + 512] == header(name, size), f"{name}: its header is not as a bundle has it")
        begin, end = at + 512, at + 512 + size
        after = -(-end // 512) * 512
        demand(len(content) >= after and not any(content[end:after]), f"{name}: cut, or followed by bytes")
        if name == "SHA256":
            digest = hashlib.sha256(content[:at]).hexdigest().encode() + b"\n"
            demand(content[begin:end] == digest, "SHA256: the file was changed")
        found[name], at = content[begin:end], after
    demand(content[at:] == bytes(1024), "bytes behind the end, or too few")
    return found


def vouch(checkpoint, keys):
    """Verifies each signature by the key in its place; the witnesses and their times."""
    demand(len(keys) == len(checkpoint.signatures) and keys, "not as many keys as signatures")
    demand(keys[0].kind == LOG and keys[0].name == checkpoint.origin, "the first key is not the log's")
    demand(all(key.kind == WITNESS for key in keys[1:]), "a key that is no witness's")
    times = []
    remaining = list(checkpoint.signatures)
    for key in keys:
        signature = next((made for made in remaining if made[:2] == (key.name, key.id)), None)
        demand(signature, f"no signature by {key.text}")
        remaining.remove(signature)
        times.append((key.text, verify_signature(key, checkpoint.text, signature)))
    return times[1:]


def records(content):
    """The records in `records.bin`."""
    at = 0
    while at < len(content):
        demand(len(content) >= at + 4, "records.bin ends in a length")
        length = struct.unpack_from("<I", content, at)[0]
        canonical = content[at + 4:at + 4 + length]
        demand(len(canonical) == length and length >= 17, "records.bin ends in a record")
        sequence, kind, received = journal.CANONICAL_HEAD.unpack_from(canonical)
        demand(kind in journal.KINDS and kind != 255, f"record {sequence}: unknown kind {kind}")
        leaf = sha256(b"\0" + canonical)
        record = journal.Record(sequence, kind, received, 0, canonical[17:], canonical, leaf, "records.bin", at)
        journal.fields(record)
        yield record
        at += 4 + length


class Gathered:
    """What the records say of the alert."""

    def __init__(self, alert, tree):
        self.alert, self.tree = alert, tree
        self.notices, self.settings, self.first_settings = [], None, None
        self.committed, self.received, self.said_to = {}, None, None

    def take(self, record):
        """The next record."""
        demand(record.sequence == self.tree.size, f"record {record.sequence} where {self.tree.size} should be")
        demand(self.received is None or record.received >= self.received, f"record {record.sequence} goes back in time")
        self.received = record.received
        self.tree.append(record.leaf)
        kind = journal.KINDS[record.kind]
        if kind == "notice" and json.loads(record.body).get("alert") == self.alert:
            revision = json.loads(record.body)["revision"]
            if revision == len(self.notices) + 1:
                self.notices.append(record.body)
            demand(0 < revision <= len(self.notices) and self.notices[revision - 1] == record.body,
                   f"record {record.sequence}: another text of revision {revision}, or one is missing")
            self.said_to = record.sequence + 1
        if kind == "reload":
            if record.sequence == 0:
                self.first_settings = record.body
            if not self.notices:
                self.settings = record.body
        if kind == "act":
            act = json.loads(record.body)
            if act.get("act") == "snapshot":
                self.committed[act["position"]] = act["sha256"]


def check_beginning(found, proof, checkpoint, gathered):
    """What stands before the first record must be proved."""
    reload, engine = found["reload.bin"], found["engine.bin"]
    if proof["first"] == 0:
        demand(not reload and not engine and "reload" not in proof, "record 0 needs nothing before it")
        return
    sequence, kind, _ = journal.CANONICAL_HEAD.unpack_from(reload)
    place = proof["reload"]
    demand(journal.KINDS.get(kind) == "reload" and sequence == place["position"] < proof["first"], "reload.bin: another record")
    path = [bytes.fromhex(text) for text in place["path"]]
    root = root_by_path(sha256(b"\0" + reload), sequence, checkpoint.size, path)
    demand(root == checkpoint.root, "reload.bin: its path does not lead to the signed root")
    gathered.settings = gathered.first_settings = reload[17:]


def verify(content, pinned=None):
    """What a bundle shows; Refused if it shows nothing."""
    found = parts(content)
    demand(found["README.txt"] == README.read_bytes(), "README.txt is not the one that every bundle has")
    checkpoint = parse_note(found["checkpoint.txt"])
    lines = found["keys.txt"].decode()
    demand(lines.endswith("\n"), "keys.txt: its last line does not end")
    keys = [parse_key(line) for line in lines[:-1].split("\n")]
    witnesses = vouch(checkpoint, keys)
    demand(pinned in (None, keys[0].text), f"signed by {keys[0].text}, not by the key that was given")
    proof = json.loads(found["proof.json"])
    written = json.dumps(proof, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    demand(written == found["proof.json"] and proof["v"] == 1, "proof.json is not written as it would be")
    first, end = proof["first"], proof["end"]
    demand(0 <= first < end <= checkpoint.size, "proof.json: no such records under this checkpoint")
    gathered = Gathered(proof["alert"], Tree.of(first, [bytes.fromhex(text) for text in proof["left"]]))
    check_beginning(found, proof, checkpoint, gathered)
    for record in records(found["records.bin"]):
        gathered.take(record)
    demand(gathered.tree.size == end == gathered.said_to, "the records do not end with the alert's last notice")
    sizes = list(right_sizes(end, checkpoint.size))
    demand(len(sizes) == len(proof["right"]), "`right` has another number of hashes")
    for leaves, text in zip(sizes, proof["right"]):
        gathered.tree.append_subtree(leaves, bytes.fromhex(text))
    demand(gathered.tree.root() == checkpoint.root, "the records do not lead to the signed root")
    if first:
        committed = gathered.committed.get(first)
        demand(committed == sha256(found["engine.bin"]).hex(), "engine.bin: no record commits to it")
    demand(gathered.first_settings is not None, "no settings at the beginning")
    demand(found["settings.json"] == gathered.settings, "settings.json is not what was in force")
    demand(found["notices.jsonl"] == b"".join(body + b"\n" for body in gathered.notices), "notices.jsonl is not what was said")
    settings = json.loads(gathered.settings)
    return {"ok": True, "alert": proof["alert"], "records": [first, end - 1], "revisions": len(gathered.notices),
            "sealed": checkpoint.size, "key": keys[0].text, "witnesses": witnesses, "agreement": settings["agreement"],
            "configuration": settings["configuration"], "program": settings["program"]}


# Journals.

def checkpoints(folder):
    """The checkpoints of a journal, oldest first; what a crash tore at the end is left out."""
    for path in sorted(folder.glob("*.lwc")):
        blocks = path.read_bytes().split(b"\n\n")
        for body, signatures in zip(blocks[0::2], blocks[1::2]):
            yield parse_note(body + b"\n\n" + signatures + b"\n")


def verify_journal(folder, pinned=None):
    """Every checkpoint against the records, from the first record on."""
    folder = pathlib.Path(folder)
    keys = {key.id: key for key in map(parse_key, (folder / "seal.keys").read_text().splitlines())}
    demand(pinned is None or pinned in (key.text for key in keys.values()), "seal.keys does not hold the key that was given")
    waiting = list(checkpoints(folder))
    sizes = [checkpoint.size for checkpoint in waiting]
    demand(sizes == sorted(set(sizes)), "checkpoints that do not grow")
    for checkpoint in waiting:
        signature = checkpoint.signatures[0]
        demand(signature[1] in keys, f"the checkpoint of {checkpoint.size} is by a key that is not in seal.keys")
        verify_signature(keys[signature[1]], checkpoint.text, signature)
    reader, agreed = journal.Reader(folder), 0
    for record in reader.advance():
        demand(reader.first == 0, "the journal's beginning is gone: its roots cannot be made again")
        while waiting and waiting[0].size == record.sequence + 1:
            checkpoint = waiting.pop(0)
            demand(reader.merkle.root() == checkpoint.root, f"the checkpoint of {checkpoint.size} has another root")
            agreed += 1
    demand(not reader.faults, f"faults in the journal: {reader.faults[:3]}")
    demand(not waiting, f"a checkpoint of {waiting[0].size if waiting else 0} records, and fewer there")
    return {"ok": True, "records": reader.merkle.size, "checkpoints": agreed, "sealed": sizes[-1] if sizes else 0}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, place in [("verify", "FILE"), ("journal", "DIR")]:
        command = commands.add_parser(name)
        command.add_argument("path", metavar=place)
        command.add_argument("--key", metavar="PUBLIC_KEY")
    arguments = parser.parse_args()
    try:
        if arguments.command == "verify":
            shown = verify(pathlib.Path(arguments.path).read_bytes(), arguments.key)
        else:
            shown = verify_journal(arguments.path, arguments.key)
    except (OSError, ValueError, KeyError, TypeError, struct.error) as error:
        print(f"{arguments.path}: not to be relied on: {error}", file=sys.stderr)
        return 1
    print(json.dumps(shown))
    return 0


if __name__ == "__main__":
    sys.exit(main())
