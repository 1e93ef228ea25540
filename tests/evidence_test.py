#!/usr/bin/env python3
"""Tests of tests/evidence.py on what the real program seals and exports, and on the same broken in many ways.

  tests/evidence_test.py [LINEWATCH]      default: target/ci/linewatch
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
try:
    import evidence
except ImportError as error:
    print(f"SKIPPED: {error}; pip install cryptography")
    sys.exit(1 if os.environ.get("CI") == "true" else 0)

ROOT = pathlib.Path(__file__).parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
LINEWATCH = TARGET / "ci" / "linewatch"
# certificate-transparency's reference leaves and the roots over the first n of them.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = {0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
         8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"}
CONFIG = """
[sector]
id = "east"
origin = [-49.0, 69.6]
exercise = true
[agreement]
file = "agreement.toml"
[[sensors]]
id = "n1"
kind = "camera"
position = [-49.0, 69.6]
max_range_m = 5000.0
position_sigma_m = 5.0
detection_probability = 0.95
false_alarms_per_scan = 0.01
period_s = 0.1
[[udp]]
listen = "127.0.0.1:PORT"
sensor = "n1"
[journal]
dir = "journal"
[seal]
key_file = "seal.key"
every_s = 1
every_records = 50
"""
AGREEMENT = """
name = "t"
version = "1"
[[lines]]
id = "l"
left = "west"
right = "east"
coordinates = [[-49.1, 69.6], [-48.9, 69.6]]
[[rules]]
id = "c"
kind = "crossing"
line = "l"
"""


def run(*arguments):
    return subprocess.run([str(LINEWATCH), *map(str, arguments)], capture_output=True, text=True, check=False)


def free_port():
    import socket
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def drive(port, until):
    """Sends the looks of one camera that sees somebody drive over the line, until something has happened."""
    import datetime
    import socket
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        began = time.time()
        for number in range(900):
            now = time.time()
            stamp = datetime.datetime.fromtimestamp(now, datetime.timezone.utc).isoformat(timespec="milliseconds")
            lon = 69.6 - 0.0006 + 0.00014 * (now - began)
            scan = {"sensor": "n1", "boot": 1, "seq": number + 1, "time": stamp.replace("+00:00", "Z"),
                    "detections": [{"lat": -49.0, "lon": lon}]}
            out.sendto(json.dumps(scan).encode(), ("127.0.0.1", port))
            if number % 20 == 0 and until():
                return
            time.sleep(0.05)
    raise AssertionError("nothing was raised within 45 s")


class Real(unittest.TestCase):
    """A journal by the real daemon, with somebody crossing in it."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        place = pathlib.Path(os.environ.get("LINEWATCH_KEEP", cls.folder.name))
        place.mkdir(exist_ok=True)
        port = free_port()
        (place / "linewatch.toml").write_text(CONFIG.replace("PORT", str(port)))
        (place / "agreement.toml").write_text(AGREEMENT)
        cls.key = run("journal", "key", place / "seal.key", "--origin", "linewatch/east").stdout.strip()
        cls.journal = place / "journal"
        daemon = subprocess.Popen([str(LINEWATCH), "run", "--config", str(place / "linewatch.toml")],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            drive(port, lambda: cls.notices())
        finally:
            daemon.terminate()
            daemon.wait(timeout=20)
        cls.alert = cls.notices()[0]["alert"]
        cls.file = place / "a.bundle"
        made = run("evidence", cls.alert[:12], "--journal", cls.journal, "--out", cls.file)
        assert made.returncode == 0, made.stderr
        cls.bundle = cls.file.read_bytes()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def notices(cls):
        if not cls.journal.is_dir():
            return []
        reader = evidence.journal.Reader(cls.journal)
        return [json.loads(record.body) for record in reader.advance() if record.kind == 7]

    def test_both_programs_show_the_same(self):
        shown = evidence.verify(self.bundle, self.key)
        theirs = run("verify", self.file, "--key", self.key, "--json")
        self.assertEqual(theirs.returncode, 0, theirs.stderr)
        theirs = json.loads(theirs.stdout)
        for word in ("alert", "records", "revisions", "sealed", "key", "agreement", "configuration", "program"):
            self.assertEqual(shown[word], theirs[word], word)
        self.assertEqual(shown["alert"], self.alert)

    def test_any_tar_opens_it(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["tar", "xf", str(self.file)], cwd=folder, check=True)
            names = {path.name for path in pathlib.Path(folder).iterdir()}
        self.assertEqual(names, set(evidence.PARTS))

    def test_changed_bytes_are_refused(self):
        broken = 0
        for at in range(0, len(self.bundle), len(self.bundle) // 400):
            changed = bytearray(self.bundle)
            changed[at] ^= 1 << at % 8
            with self.assertRaises((ValueError, KeyError, TypeError)):
                evidence.verify(bytes(changed))
            broken += 1
        self.assertGreaterEqual(broken, 400)

    def test_changed_bytes_under_a_digest_that_fits_are_refused(self):
        import hashlib
        trailer = self.bundle.rindex(b"SHA256\0")
        derived = self.bundle.index(b"track.jsonl\0", 512 * 8)
        for at in range(0, derived, derived // 300):
            changed = bytearray(self.bundle)
            changed[at] ^= 1 << at % 8
            digest = hashlib.sha256(changed[:trailer]).hexdigest().encode()
            changed[trailer + 512:trailer + 576] = digest
            with self.assertRaises((ValueError, KeyError, TypeError), msg=f"byte {at}"):
                evidence.verify(bytes(changed))

    def test_another_key_is_refused(self):
        other = run("journal", "key", pathlib.Path(self.folder.name) / "other.key", "--origin", "linewatch/east")
        with self.assertRaises(evidence.Refused):
            evidence.verify(self.bundle, other.stdout.strip())
        refused = run("verify", self.file, "--key", other.stdout.strip())
        self.assertEqual(refused.returncode, 1)
        self.assertIn("another key", refused.stderr)

    def test_every_checkpoint_is_that_of_the_records(self):
        shown = evidence.verify_journal(self.journal, self.key)
        self.assertGreater(shown["checkpoints"], 3)
        self.assertEqual(shown["records"], shown["sealed"], "the end of a run is sealed")
        theirs = json.loads(run("journal", "verify", self.journal, "--json").stdout)
        self.assertEqual((theirs["checkpoints"], theirs["sealed"]), (shown["checkpoints"], shown["sealed"]))

    def test_a_rewritten_record_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["cp", "-r", f"{self.journal}/.", folder], check=True)
            segment = sorted(pathlib.Path(folder).glob("*.lwj"))[0]
            content = bytearray(segment.read_bytes())
            at = content.index(b'"lon": 69.') + 10
            record = max(start for start, _ in self.records(content) if start < at)
            content[at] ^= 1
            length = int.from_bytes(content[record:record + 4], "little")
            covered = content[record:record + 4] + content[record + 8:record + 12 + length]
            content[record + 4:record + 8] = evidence.journal.crc32c(bytes(covered)).to_bytes(4, "little")
            segment.write_bytes(content)
            with self.assertRaisesRegex(evidence.Refused, "another root|faults"):
                evidence.verify_journal(folder)
            self.assertIn("another root", run("journal", "verify", folder).stdout)

    @staticmethod
    def records(content):
        at = evidence.journal.parse_header(bytes(content)).end
        while at < len(content):
            record, after = evidence.journal.parse_record(bytes(content), at)
            yield at, record
            at = after


class Vectors(unittest.TestCase):
    """What others have published."""

    def test_roots(self):
        for count, root in ROOTS.items():
            tree = evidence.Tree()
            for text in LEAVES[:count]:
                tree.append(evidence.sha256(b"\0" + bytes.fromhex(text)))
            self.assertEqual(tree.root().hex(), root)

    def test_subtrees_make_the_same_tree(self):
        leaves = [evidence.sha256(bytes([n])) for n in range(40)]

        def root(some):
            tree = evidence.Tree()
            for leaf in some:
                tree.append(leaf)
            return tree.root()

        for size in range(1, 41):
            for end in range(size + 1):
                tree, at = evidence.Tree(), end
                for leaf in leaves[:end]:
                    tree.append(leaf)
                for count in evidence.right_sizes(end, size):
                    tree.append_subtree(count, root(leaves[at:at + count]))
                    at += count
                self.assertEqual((tree.size, tree.root()), (size, root(leaves[:size])))

    def test_the_note_of_the_go_library(self):
        key = evidence.parse_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
        text = ("If you think cryptography is the answer to your problem,\n"
                "then you don't know what your problem is.\n")
        made = evidence.unbase64("x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=")
        self.assertIsNone(evidence.verify_signature(key, text, (key.name, made[:4], made[4:])))
        with self.assertRaises(evidence.Refused):
            evidence.verify_signature(key, text + "x", (key.name, made[:4], made[4:]))


if __name__ == "__main__":
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        LINEWATCH = pathlib.Path(sys.argv.pop(1))
    program = unittest.main(exit=False, verbosity=1)
    result = program.result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed")
    sys.exit(bool(bad))
