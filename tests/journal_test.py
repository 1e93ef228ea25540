#!/usr/bin/env python3
"""Tests of tests/journal.py: segments made here, from src/journal/FORMAT.md, then broken in every way it names."""

import hashlib
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import journal  # noqa: E402

ZEROS = bytes(32)


def slow_crc32c(data):
    """Bit by bit, as RFC 3720 defines it."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def text(value):
    return bytes([len(value)]) + value.encode()


BODIES = [
    (3, b""), (0, b"\0" + text("r1") + b'{"seq":1}'), (7, b'{"alert":"a","revision":1}'),
    (6, text("r1") + struct.pack("<Q", 5) + bytes(range(32)) + "über the rate".encode()), (5, struct.pack("<q", 0)),
    (1, text("r1") + b"{}"), (2, b"{}"), (4, b"{}"), (8, text("hq") + struct.pack("<Q", 0)), (9, struct.pack("<QQ", 1, 2)),
]


def canonical(sequence, kind=None, body=None):
    which, content = BODIES[sequence % len(BODIES)]
    kind, body = which if kind is None else kind, content if body is None else body
    return struct.pack("<QBq", sequence, kind, (1_700_000_000 + sequence // 10) * 10**9) + body


def framed(content, before):
    length, count = struct.pack("<I", len(content)), struct.pack("<I", before)
    return length + struct.pack("<I", slow_crc32c(length + count + content)) + count + content


def header(first, chain, flags=0, sector="east-3"):
    head = b"LWJOURN2" + struct.pack("<Q", first) + chain + bytes([flags]) + text(sector)
    return head + struct.pack("<I", slow_crc32c(head))


def leaf_of(content):
    return hashlib.sha256(b"\0" + content).digest()


def root_of(leaves):
    """As RFC 6962 writes it: recursively."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + root_of(leaves[:split]) + root_of(leaves[split:])).digest()


class Made:
    """A journal of three segments of 20 records in groups of 4, and where each of its records begins."""

    def __init__(self, folder):
        self.folder, self.leaves, self.starts, self.names = pathlib.Path(folder), [], {}, []
        chain = ZEROS
        for first in (0, 20, 40):
            name, content = f"{first:020}.lwj", header(first, chain)
            for sequence in range(first, first + 20):
                self.starts[sequence] = name, len(content)
                content += framed(canonical(sequence), sequence % 4)
                self.leaves.append(leaf_of(canonical(sequence)))
                chain = hashlib.sha256(chain + self.leaves[-1]).digest()
            (self.folder / name).write_bytes(content)
            self.names.append(name)
        self.chain = chain

    def change(self, name, how):
        path = self.folder / name
        content = bytearray(path.read_bytes())
        path.write_bytes(how(content) or content)

    def flip(self, sequence, within, bit=0):
        name, at = self.starts[sequence]
        self.change(name, lambda content: content.__setitem__(at + within, content[at + within] ^ 1 << bit))


def read(folder):
    reader = journal.Reader(folder)
    return reader, list(reader.advance())


class JournalTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.made = Made(folder.name)
        self.last = self.made.names[-1]

    def verdict(self):
        reader, records = read(self.made.folder)
        return reader, len(records)

    def assert_corrupt(self, name, offset, message):
        reader, _ = self.verdict()
        self.assertTrue(reader.faults, message)
        self.assertEqual((reader.faults[0].file, reader.faults[0].offset), (name, offset), message)

    def test_crc(self):
        self.assertEqual(journal.crc32c(b"123456789"), 0xE3069283)
        noise = hashlib.sha512(b"seed").digest()
        for length in range(len(noise)):
            self.assertEqual(journal.crc32c(noise[:length]), slow_crc32c(noise[:length]), length)

    def test_a_good_journal(self):
        reader, count = self.verdict()
        self.assertEqual((reader.faults, count, reader.unfinished), ([], 60, None))
        self.assertEqual((reader.chain, reader.merkle.root()), (self.made.chain, root_of(self.made.leaves)))
        self.assertEqual(sum(reader.counts.values()), 60)

    def test_fields(self):
        _, records = read(self.made.folder)
        told = {journal.KINDS[record.kind]: journal.fields(record) for record in records}
        self.assertEqual(told["frame"], {"link": "mqtt", "sensor": "r1", "bytes": b'{"seq":1}'})
        self.assertEqual(told["refused"]["count"], 5)
        self.assertEqual(told["refused"]["first_sha256"], bytes(range(32)).hex())
        self.assertEqual(told["refused"]["reason"], "über the rate")
        self.assertEqual(told["delivered"], {"sink": "hq", "notice": 0})
        self.assertEqual(told["damage"], {"from": 1, "to": 2})
        self.assertEqual(told["gap"], {"since": 0})

    def test_every_bit_region_of_every_record(self):
        # In the middle of what was synced, any flipped bit is corruption, and named where it is.
        for sequence in range(0, 56):
            name, at = self.made.starts[sequence]
            length = 12 + len(canonical(sequence))
            for within in (0, 2, 3, 4, 7, 8, 11, 12, 19, 20, 21, 28, length - 1):
                self.made.flip(sequence, within, sequence % 8)
                self.assert_corrupt(name, at, f"record {sequence}, byte {within}")
                self.made.flip(sequence, within, sequence % 8)
        self.assertEqual(self.verdict()[0].faults, [])

    def test_the_last_group_is_a_torn_tail(self):
        # Nothing says that the last group was ever synced: whatever is broken in it, the journal ends there.
        for sequence in range(56, 60):
            name, at = self.made.starts[sequence]
            for within in (0, 3, 4, 8, 12, 20, 28):
                self.made.flip(sequence, within)
                reader, count = self.verdict()
                self.assertEqual((reader.faults, count), ([], sequence), f"record {sequence}, byte {within}")
                self.assertEqual(reader.unfinished[:2], (name, at))
                self.made.flip(sequence, within)

    def test_truncated_anywhere(self):
        path = self.made.folder / self.last
        content, starts = path.read_bytes(), [self.made.starts[sequence][1] for sequence in range(40, 60)]
        for length in range(len(content)):
            path.write_bytes(content[:length])
            reader, count = self.verdict()
            self.assertEqual((reader.faults, count), ([], 40 + sum(1 for end in starts[1:] if end <= length)), length)
            self.assertEqual(reader.unfinished is None, length in starts or length < starts[0], length)
        path.write_bytes(content)

    def test_truncated_before_a_later_segment(self):
        name = self.made.names[1]
        self.made.change(name, lambda content: content[:-1])
        self.assert_corrupt(name, self.made.starts[39][1], "cut short")
        self.made.change(name, lambda content: content[:30])
        self.assert_corrupt(name, 0, "header cut short")

    def test_zeros_at_the_end_are_a_torn_tail(self):
        self.made.change(self.last, lambda content: content + bytes(100))
        reader, count = self.verdict()
        self.assertEqual((reader.faults, count), ([], 60))
        self.assertTrue(reader.unfinished)

    def test_a_hole_of_zeros(self):
        name, begin = self.made.starts[44]
        end = self.made.starts[51][1]
        self.made.change(name, lambda content: content.__setitem__(slice(begin, end), bytes(end - begin)))
        reader, count = self.verdict()
        self.assertEqual(count, 53)
        self.assertEqual(reader.faults[0][:2], (name, begin))
        self.assertIn("records 44 to 50 lost", reader.faults[0].what)
        self.assertIsNone(reader.summary()["merkle_root"])

    def test_a_record_taken_out(self):
        name, begin = self.made.starts[25]
        end = self.made.starts[26][1]
        self.made.change(name, lambda content: content[:begin] + content[end:])
        self.assert_corrupt(name, begin, "taken out")

    def test_headers(self):
        name = self.made.names[1]
        for at in (0, 8, 16, 47, 48, 49, 50, 56, 59):
            self.made.change(name, lambda content, at=at: content.__setitem__(at, content[at] ^ 1))
            self.assert_corrupt(name, 0, f"header byte {at}")
            self.made.change(name, lambda content, at=at: content.__setitem__(at, content[at] ^ 1))

    def test_a_header_that_lies(self):
        good = (self.made.folder / self.made.names[1]).read_bytes()
        chain, name, body = good[16:48], self.made.names[1], good[len(header(0, ZEROS)):]
        for lie, offset in ((header(20, ZEROS), 16), (header(21, chain), 8), (header(20, chain, sector="west-1"), 49),
                            (header(20, chain, 2), 48), (header(20, chain, 4), 0)):
            (self.made.folder / name).write_bytes(lie + body)
            self.assert_corrupt(name, offset, lie)

    def test_a_replaced_record_breaks_the_chain(self):
        # Whole by its CRC, and yet not what was journaled: only the next segment's header knows.
        name, at = self.made.starts[22]
        forged = framed(canonical(22, body=b'{"alert":"b","revision":1}'), 2)
        self.made.change(name, lambda content: content[:at] + forged + content[at + len(forged):])
        self.assert_corrupt(self.made.names[2], 16, "forged")

    def test_a_missing_segment(self):
        (self.made.folder / self.made.names[1]).unlink()
        self.assert_corrupt(self.made.names[2], 8, "missing segment")

    def test_retention_may_take_the_oldest(self):
        (self.made.folder / self.made.names[0]).unlink()
        reader, count = self.verdict()
        self.assertEqual((reader.faults, count, reader.first), ([], 40, 20))

    def test_content_that_is_wrong_under_a_right_crc(self):
        # `bad` stands in the place of record 59, the journal's last.
        name, at = self.made.starts[59]
        early = struct.pack("<QBq", 59, 3, 0)
        for bad, before, is_torn in ((canonical(59, 10, b""), 3, True), (early, 3, True), (canonical(58), 3, True),
                                     (canonical(59, 3, b"x"), 3, False), (canonical(59, 7, b"[]"), 3, False),
                                     (canonical(59, 0, b"\x09\x02r1"), 3, False), (canonical(59, 8, b"\xff"), 3, False),
                                     (canonical(59), 2, False), (canonical(59), 4, False)):
            self.made.change(name, lambda content, bad=bad, k=before: content[:at] + framed(bad, k))
            reader, _ = self.verdict()
            self.assertEqual(bool(reader.unfinished), is_torn, bad)
            self.assertEqual(bool(reader.faults), not is_torn, bad)

    def test_thinned_and_compressed(self):
        name = self.made.names[0]
        content = header(0, ZEROS, 2)
        for sequence in range(20):
            whole = canonical(sequence)
            if whole[8] == 0:
                whole = whole[:8] + b"\xff" + leaf_of(whole)
            content += framed(whole, sequence % 4)
        (self.made.folder / name).unlink()
        (self.made.folder / f"{name[:20]}.lwk").write_bytes(content)
        reader, count = self.verdict()
        self.assertEqual((reader.faults, count, reader.counts["thinned"]), ([], 60, 2))
        self.assertEqual((reader.chain, reader.merkle.root()), (self.made.chain, root_of(self.made.leaves)))
        if shutil.which("zstd"):
            subprocess.run(["zstd", "-q", "--rm", *sorted(self.made.folder.glob("*.lw[jk]"))], check=True)
            self.assertEqual(self.verdict()[0].chain, self.made.chain)
            self.made.change(self.made.names[1] + ".zst", lambda packed: packed[:-3])
            self.assertTrue(self.verdict()[0].faults)
        else:
            print("SKIPPED: compressed segments: no program zstd")

    def test_a_journal_that_grows(self):
        last = self.made.folder / self.last
        content = last.read_bytes()
        reader, seen = journal.Reader(self.made.folder), []
        for length in (0, 10, len(header(0, ZEROS)), 300, 301, 500, len(content)):
            last.write_bytes(content[:length])
            seen += [record.sequence for record in reader.advance()]
        self.assertEqual((seen, reader.faults), (list(range(60)), []))
        self.assertEqual((reader.chain, reader.unfinished), (self.made.chain, None))
        if shutil.which("zstd"):
            subprocess.run(["zstd", "-q", "--rm", last], check=True)
        (self.made.folder / f"{60:020}.lwj").write_bytes(header(60, self.made.chain) + framed(canonical(60), 0))
        self.assertEqual([record.sequence for record in reader.advance()], [60])
        self.assertEqual(reader.faults, [])

    def test_command_line(self):
        program = pathlib.Path(journal.__file__)
        run = lambda *words: subprocess.run([sys.executable, program, *words], capture_output=True, text=True, check=False)
        good = run("verify", self.made.folder)
        self.assertEqual(good.returncode, 0, good.stdout + good.stderr)
        self.assertIn(root_of(self.made.leaves).hex(), good.stdout)
        self.assertEqual(len(run("notices", self.made.folder).stdout.splitlines()), 6)
        self.assertEqual(len(run("dump", self.made.folder, "--kind", "frame").stdout.splitlines()), 6)
        self.assertIn('"records": 60', run("stat", self.made.folder).stdout)
        self.made.flip(30, 20)
        bad = run("verify", self.made.folder)
        self.assertEqual(bad.returncode, 1)
        self.assertIn("{}:{}: corrupt".format(*self.made.starts[30]), bad.stdout)

    def test_fast_enough(self):
        # 10^5 records of 300 bytes within a generous minute: the kill tests read as many after every run.
        content, body = bytearray(header(0, ZEROS)), b"\0" + text("r1") + bytes(300)
        for sequence in range(100_000):
            whole = canonical(sequence, 0, body)
            head, count = struct.pack("<I", len(whole)), struct.pack("<I", 0)
            content += head + struct.pack("<I", journal.crc32c(head + count + whole)) + count + whole
        folder = self.made.folder / "large"
        folder.mkdir()
        (folder / self.made.names[0]).write_bytes(content)
        began = time.monotonic()
        reader, records = read(folder)
        took_s = time.monotonic() - began
        self.assertEqual((len(records), reader.faults), (100_000, []))
        self.assertLess(took_s, 60)
        print(f"100000 records of 300 bytes read and verified in {took_s:.1f} s")


if __name__ == "__main__":
    outcome = unittest.main(exit=False).result
    bad = len(outcome.failures) + len(outcome.errors)
    print(f"{outcome.testsRun - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)
