#!/usr/bin/env python3
"""Reads and verifies a linewatch journal: a second opinion, written from src/journal/FORMAT.md alone.

Standard library only (for .zst: compression.zstd of Python 3.14, else the program `zstd`). Reads the journal of a running
daemon too: what stands half written at its end is then said to be not yet complete, which is no fault.

  tests/journal.py verify DIR               every fault with file and offset; the Merkle root; exit status 1 if there is one
  tests/journal.py stat DIR                 what is in it, as one JSON object
  tests/journal.py dump DIR --kind notice   the records as JSON lines, bytes as base64
  tests/journal.py notices DIR              the bytes of each notice, one to a line
"""

import argparse
import base64
import hashlib
import json
import pathlib
import re
import struct
import subprocess
import sys
from collections import Counter, namedtuple

MAGIC = b"LWJOURN2"
FLAG_AFTER_DAMAGE, FLAG_THINNED = 1, 2
MAX_LENGTH = 128 << 20
KINDS = {0: "frame", 1: "status", 2: "act", 3: "tick", 4: "reload", 5: "gap", 6: "refused", 7: "notice",
         8: "delivered", 9: "damage", 255: "thinned"}
LINKS = ("mqtt", "serial", "udp", "recording")
SUFFIXES = (".lwj", ".lwj.zst", ".lwk", ".lwk.zst")
SEGMENT = re.compile(r"(\d{20})(\.lwj|\.lwj\.zst|\.lwk|\.lwk\.zst)")
OTHERS = re.compile(r"\d{20}\.lw[sc]|tree|seal\.(state|keys)|reserve|.*\.tmp")
HEADER_FIXED = struct.Struct("<8sQ32sBB")
RECORD_HEAD = struct.Struct("<III")
CANONICAL_HEAD = struct.Struct("<QBq")

Fault = namedtuple("Fault", "file offset what")
Record = namedtuple("Record", "sequence kind received before body canonical leaf file offset")
Header = namedtuple("Header", "first chain flags sector end")


class Malformed(ValueError):
    """Bytes that are not what the format says; the message says how."""


class Incomplete(Malformed):
    """The file ends too early."""


# CRC-32C (Castagnoli, reflected): eight bytes a step, by four tables of sixteen bits each.
def _crc_tables():
    bytewise = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        bytewise.append(byte)
    tables = []
    for position in range(4):
        table = [0]
        for bit in range(16):
            register = 0
            for byte in struct.pack("<Q", 1 << position * 16 + bit):
                register = bytewise[(register ^ byte) & 255] ^ register >> 8
            table += [register ^ entry for entry in table]
        tables.append(table)
    return bytewise, tables


_BYTEWISE, (_T0, _T1, _T2, _T3) = _crc_tables()


def crc32c(data):
    """The CRC-32C of bytes."""
    register = 0xFFFFFFFF
    whole = len(data) & ~7
    for word in struct.unpack(f"<{whole >> 3}Q", data[:whole]):
        word ^= register
        register = _T0[word & 65535] ^ _T1[word >> 16 & 65535] ^ _T2[word >> 32 & 65535] ^ _T3[word >> 48]
    for byte in data[whole:]:
        register = _BYTEWISE[(register ^ byte) & 255] ^ register >> 8
    return register ^ 0xFFFFFFFF


class Merkle:
    """The tree of RFC 6962, section 2.1, leaf by leaf."""

    def __init__(self):
        self.size, self.peaks = 0, []

    def append(self, leaf):
        """Adds a leaf's hash."""
        size = 1
        while self.peaks and self.peaks[-1][0] == size:
            leaf = hashlib.sha256(b"\x01" + self.peaks.pop()[1] + leaf).digest()
            size *= 2
        self.peaks.append((size, leaf))
        self.size += 1

    def root(self):
        """The hash of the tree so far."""
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        root = self.peaks[-1][1]
        for _, left in reversed(self.peaks[:-1]):
            root = hashlib.sha256(b"\x01" + left + root).digest()
        return root


def unzstd(path):
    """The bytes inside a Zstandard file."""
    try:
        from compression import zstd
        return zstd.decompress(path.read_bytes())
    except ImportError:
        pass
    done = subprocess.run(["zstd", "-dcq", "--", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        if not path.exists():
            raise FileNotFoundError(path)
        raise Malformed(f"not a Zstandard stream: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def parse_header(content):
    """A segment's header."""
    if len(content) < HEADER_FIXED.size:
        raise Incomplete("the header is not complete")
    magic, first, chain, flags, length = HEADER_FIXED.unpack_from(content)
    if magic != MAGIC:
        raise Malformed(f"begins with {magic!r}, not {MAGIC!r}")
    at = HEADER_FIXED.size + length
    if len(content) < at + 4:
        raise Incomplete("the header is not complete")
    if crc32c(content[:at]) != struct.unpack_from("<I", content, at)[0]:
        raise Malformed("the header's CRC is wrong")
    if flags & ~(FLAG_AFTER_DAMAGE | FLAG_THINNED):
        raise Malformed(f"unknown flags {flags:#x}")
    try:
        return Header(first, chain, flags, content[HEADER_FIXED.size:at].decode(), at + 4)
    except UnicodeDecodeError as error:
        raise Malformed("the sector is not UTF-8") from error


def parse_record(content, at, file="", origin=0):
    """The record at an offset: its framing, not its place among others."""
    if len(content) < at + RECORD_HEAD.size:
        raise Incomplete(f"{len(content) - at} bytes are too few for a record")
    length, crc, before = RECORD_HEAD.unpack_from(content, at)
    if length > MAX_LENGTH:
        raise Malformed(f"a length of {length} bytes")
    begin = at + RECORD_HEAD.size
    if len(content) < begin + length:
        raise Incomplete(f"a record of {length} bytes, of which {len(content) - begin} are there")
    canonical = content[begin:begin + length]
    if crc32c(content[at:at + 4] + content[at + 8:begin] + canonical) != crc:
        raise Malformed("the record's CRC is wrong")
    if length < 9:
        raise Malformed("too short for a sequence and a kind")
    if canonical[8] == 255:
        if length != 41:
            raise Malformed("a thinned record that is not 41 bytes long")
        sequence, leaf = int.from_bytes(canonical[:8], "little"), canonical[9:]
        return Record(sequence, 255, None, before, leaf, canonical, leaf, file, origin + at), begin + length
    if length < CANONICAL_HEAD.size:
        raise Malformed("too short for sequence, kind and time")
    sequence, kind, received = CANONICAL_HEAD.unpack_from(canonical)
    if kind not in KINDS:
        raise Malformed(f"unknown kind {kind}")
    leaf = hashlib.sha256(b"\0" + canonical).digest()
    body = canonical[CANONICAL_HEAD.size:]
    return Record(sequence, kind, received, before, body, canonical, leaf, file, origin + at), begin + length


def _short_text(body, at=0):
    end = at + 1 + body[at]
    if end > len(body):
        raise Malformed("a text longer than its record")
    return body[at + 1:end].decode(), end


def _parse_body(record):
    kind, body = KINDS[record.kind], record.body
    if kind == "frame":
        sensor, at = _short_text(body, 1)
        return {"link": LINKS[body[0]], "sensor": sensor, "bytes": body[at:]}
    if kind == "status":
        sensor, at = _short_text(body)
        return {"sensor": sensor, "bytes": body[at:]}
    if kind in ("act", "reload", "notice"):
        if not isinstance(json.loads(body), dict):
            raise Malformed("not a JSON object")
        return {"bytes": body}
    if kind == "tick":
        if body or record.received % 1_000_000_000:
            raise Malformed("a tick with content or not at a whole second")
        return {}
    if kind == "gap":
        return {"since": struct.unpack("<q", body)[0]}
    if kind == "refused":
        sensor, at = _short_text(body)
        count, first = struct.unpack_from("<Q32s", body, at)
        return {"sensor": sensor, "count": count, "first_sha256": first.hex(), "reason": body[at + 40:].decode()}
    if kind == "delivered":
        sink, at = _short_text(body)
        return {"sink": sink, "notice": struct.unpack("<Q", body[at:])[0]}
    if kind == "damage":
        begin, end = struct.unpack("<QQ", body)
        return {"from": begin, "to": end}
    return {"leaf": body.hex()}


def fields(record):
    """What a record says, by name."""
    try:
        return _parse_body(record)
    except (ValueError, IndexError, struct.error) as error:
        raise Malformed(f"the {KINDS[record.kind]} cannot be read: {error}") from error


def whole_behind(content, at, expected, received):
    """(offset, record) of each whole record that begins behind an offset at which none does, in order of offset."""
    tops = {struct.pack("<Q", expected + ahead)[3:] for ahead in (0, 1 << 24)}
    pattern = re.compile(b"(?s)(?=...(?:" + b"|".join(map(re.escape, sorted(tops))) + b")[\\x00-\\x09\\xff])")
    # The sequence stands twelve bytes behind the record's beginning.
    for match in pattern.finditer(content, at + 1 + RECORD_HEAD.size):
        begin = match.start() - RECORD_HEAD.size
        try:
            record, _ = parse_record(content, begin)
        except Malformed:
            continue
        if record.sequence > expected and (record.received is None or received is None or record.received >= received):
            yield begin, record


class Reader:
    """Reads a journal from its beginning and checks it on the way; goes on where it stopped as the journal grows."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.faults, self.notes = [], []
        self.counts = Counter()
        self.segments = 0
        self.first = self.expected = self.chain = self.received = self.sector = None
        self.merkle = Merkle()
        self.is_whole = True
        self._number = None
        self._offset = 0
        # Counts the next record may carry; None: any, for what stood before it is not known.
        self._befores = None
        self._settled = None

    def advance(self):
        """The records that have come since the last call."""
        while True:
            files = self._files()
            if self._number is None:
                if not files:
                    return
                self._number = min(files)
            later = [number for number in files if number > self._number]
            path = files.get(self._number)
            if path is None:
                if not self.folder.is_dir():
                    return
                # Retention may take the oldest while they are read, never one in the middle.
                raise FileNotFoundError(f"segment {self._number} has gone from {self.folder}")
            try:
                content = self._content(path)
            except FileNotFoundError:
                continue
            except Malformed as error:
                self._fault(path.name, 0, str(error))
                self.is_whole, self.chain, content = False, None, b""
            else:
                yield from self._segment(path.name, content, bool(later))
            if not later:
                return
            self._number, self._offset, self._settled = min(later), 0, None

    def _files(self):
        found = {}
        for path in self.folder.iterdir():
            match = SEGMENT.fullmatch(path.name)
            if match:
                number, rank = int(match[1]), SUFFIXES.index(match[2])
                if number not in found or rank < found[number][0]:
                    found[number] = rank, path
            elif not OTHERS.fullmatch(path.name):
                self._note(f"{path.name}: no part of a journal")
        return {number: path for number, (_, path) in found.items()}

    def _content(self, path):
        """The segment's bytes from where reading stopped."""
        if path.suffix == ".zst":
            return unzstd(path)[self._offset:]
        with path.open("rb") as file:
            file.seek(self._offset)
            return file.read()

    def _fault(self, file, offset, what):
        self.faults.append(Fault(file, offset, what))

    def _note(self, what):
        if what not in self.notes:
            self.notes.append(what)

    def _segment(self, name, content, is_closed):
        origin, at = self._offset, 0
        if origin == 0:
            try:
                header = parse_header(content)
            except Malformed as error:
                if is_closed or not isinstance(error, Incomplete):
                    self._fault(name, 0, str(error))
                    self.is_whole, self.chain = False, None
                return
            self._enter(name, header)
            at = header.end
        while at < len(content):
            try:
                record, after = parse_record(content, at, name, origin)
                self._in_order(record)
            except Malformed as error:
                after = self._bad(name, content, at, origin, error, is_closed)
                if after is None:
                    break
                at = after
                continue
            self._accept(record)
            yield record
            at = after
        self._offset = origin + at

    def _enter(self, name, header):
        """Checks a segment's header against what came before."""
        self.segments += 1
        number, thinned = int(name[:20]), ".lwk" in name
        if header.first != number:
            self._fault(name, 8, f"says it begins at record {header.first}")
        if bool(header.flags & FLAG_THINNED) != thinned:
            self._fault(name, 48, f"flags {header.flags} do not fit the file's name")
        if self.sector not in (None, header.sector):
            self._fault(name, 49, f"sector {header.sector!r} after {self.sector!r}")
        self.sector = header.sector
        if self.first is None:
            self.first = self.expected = header.first
            if header.first == 0 and any(header.chain):
                self._fault(name, 16, "a chain value before record 0 that is not zero")
        elif header.first != self.expected:
            self._fault(name, 8, f"begins at record {header.first}, but {self.expected} is the next")
            self.is_whole = False
        elif self.chain not in (None, header.chain):
            self._fault(name, 16, f"chain value {header.chain.hex()} before it, but {self.chain.hex()} is so far")
        if header.flags & FLAG_AFTER_DAMAGE:
            self._note(f"{name}: begun after damage")
        self.expected, self.chain, self._befores = header.first, header.chain, (0,)

    def _in_order(self, record):
        if record.sequence != self.expected:
            raise Malformed(f"record {record.sequence} where {self.expected} should be")
        if None not in (self.received, record.received) and record.received < self.received:
            raise Malformed(f"received {record.received}, before {self.received} of an earlier record")

    def _bad(self, name, content, at, origin, error, is_closed):
        """Torn or corrupt? The offset to go on at, or None if the journal ends here."""
        behind = list(whole_behind(content, at, self.expected, self.received)) if at + 1 < len(content) else []
        if not is_closed and not any(record.sequence - record.before > self.expected for _, record in behind):
            self._settled = Fault(name, origin + at, f"not yet complete, or torn: {error}")
            return None
        self.is_whole, self.chain, self._befores = False, None, None
        if not behind:
            self._fault(name, origin + at, f"corrupt: {error}; nothing whole behind it in this segment")
            return None
        offset, record = behind[0]
        lost = f"records {self.expected} to {record.sequence - 1}" if record.sequence > self.expected else "bytes"
        self._fault(name, origin + at, f"corrupt: {error}; {lost} lost, whole again at {origin + offset}")
        self.expected = record.sequence
        return offset

    def _accept(self, record):
        """Checks what a whole record in its place says, and folds it in."""
        if self._befores is not None and record.before not in self._befores:
            may = " or ".join(map(str, self._befores))
            self._fault(record.file, record.offset, f"{record.before} records of its group before it, not {may}")
        self._befores = 0, record.before + 1
        if record.kind == 255 and ".lwk" not in record.file:
            self._fault(record.file, record.offset, "a thinned record in a segment that is not")
        try:
            fields(record)
        except Malformed as error:
            self._fault(record.file, record.offset, str(error))
        if self.chain is not None:
            self.chain = hashlib.sha256(self.chain + record.leaf).digest()
        if record.received is not None:
            self.received = record.received
        self.merkle.append(record.leaf)
        self.counts[KINDS[record.kind]] += 1
        self.expected = record.sequence + 1
        self._settled = None

    @property
    def unfinished(self):
        """What stands incomplete at the journal's end, as a fault that is none, or None."""
        return self._settled

    def summary(self):
        """What is in the journal, for people and machines."""
        is_known = self.is_whole and self.expected is not None
        return {
            "sector": self.sector, "segments": self.segments, "first": self.first, "next": self.expected,
            "records": sum(self.counts.values()), "kinds": dict(sorted(self.counts.items())),
            "last_received": self.received, "chain": self.chain.hex() if self.chain else None,
            "merkle_root": self.merkle.root().hex() if is_known else None,
            "merkle_leaves": [self.first, self.expected] if is_known else None,
            "unfinished": self.unfinished._asdict() if self.unfinished else None,
            "faults": len(self.faults), "notes": self.notes,
        }


def described(record):
    """A record as a JSON object; bytes as base64."""
    told = {"sequence": record.sequence, "kind": KINDS[record.kind], "received": record.received}
    for name, value in fields(record).items():
        told[f"{name}_b64" if isinstance(value, bytes) else name] = (
            base64.b64encode(value).decode() if isinstance(value, bytes) else value)
    return told | {"leaf": record.leaf.hex(), "file": record.file, "offset": record.offset, "group_before": record.before}


def verify(reader):
    for _ in reader.advance():
        pass
    for fault in reader.faults:
        print(f"{fault.file}:{fault.offset}: {fault.what}")
    told = reader.summary()
    print(f"{told['records']} records in {told['segments']} segments, sequence {told['first']} ≤ s < {told['next']}")
    for note in told["notes"]:
        print(f"note: {note}")
    if reader.unfinished:
        print("note: {}:{}: {}".format(*reader.unfinished))
    print(f"chain value {told['chain'] or 'not known'}")
    print(f"Merkle root {told['merkle_root'] or 'not known'} of leaves {told['merkle_leaves'] or 'with holes'}")
    print(f"{len(reader.faults)} faults")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("verify", "stat", "dump", "notices"))
    parser.add_argument("folder", metavar="DIR", type=pathlib.Path)
    parser.add_argument("--kind", choices=sorted(KINDS.values()), help="dump: only these")
    want = parser.parse_args()
    if not want.folder.is_dir():
        parser.error(f"{want.folder} is no folder")
    reader = Reader(want.folder)
    if want.command == "verify":
        verify(reader)
    elif want.command == "stat":
        for _ in reader.advance():
            pass
        print(json.dumps(reader.summary(), indent=2))
    else:
        kind = "notice" if want.command == "notices" else want.kind
        for record in reader.advance():
            if kind in (None, KINDS[record.kind]):
                print(record.body.decode() if want.command == "notices" else json.dumps(described(record)))
    if want.command != "verify":
        for fault in reader.faults:
            print(f"{fault.file}:{fault.offset}: {fault.what}", file=sys.stderr)
    return 1 if reader.faults else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:
        sys.exit(0)
