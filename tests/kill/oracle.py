"""The oracle: knows what was published, what passed on the wire, what the sinks got, and reads the journal by itself.

In: every publish, packet and notice, and the journal's folder, read by tests/journal.py. Out: violations of L1 to L5, in
words. Never asks the daemon anything.
"""

import array
import collections
import datetime
import hashlib
import json
import pathlib
import sys

from world import SCAN, SENSORS

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import journal  # noqa: E402

SINKS = ("hq", "topic")
# After this many of one sort, more of the same say nothing new.
MOST_SAID = 20


def digest(payload):
    """Eight bytes that stand for a frame's."""
    return int.from_bytes(hashlib.sha256(payload).digest()[:8], "little")


def unix_s(stamp):
    """Seconds of an RFC 3339 time, nanoseconds or not."""
    whole, _, rest = stamp.rstrip("Z").partition(".")
    seconds = datetime.datetime.fromisoformat(whole + "+00:00").timestamp()
    return seconds + float(f"0.{rest or 0}")


class Frames:
    """What is known of each frame of one sensor, by seq."""

    def __init__(self):
        self.digests = array.array("Q")
        self.confirmed = bytearray()
        self.delivered = bytearray()
        self.acked = bytearray()
        self.journaled = bytearray()

    def add(self, value):
        """One more was published."""
        self.digests.append(value)
        for column in (self.confirmed, self.delivered, self.acked, self.journaled):
            column.append(0)

    @staticmethod
    def count(column, seq):
        """Counts to 255 and no further."""
        column[seq] = min(255, column[seq] + 1)


class Oracle:
    """Everything known of one run."""

    def __init__(self, folder, source):
        self.reader = journal.Reader(folder)
        self.source = source
        self.frames = {sensor: Frames() for sensor in SENSORS}
        self.violations = []
        self.said = collections.Counter()
        self.counts = collections.Counter()
        self.notices, self.order = {}, []
        # In the journal, and owed to nobody: a flood held them back.
        self.held = set()
        self.sinks = {sink: {} for sink in (*SINKS, "twin")}
        self.copies = collections.Counter()
        self.refused = collections.Counter()
        self.unseen = set()
        self.excused = set()
        self.links, self.subscriptions = {}, 0
        self.gaps = []
        self._claims = []

    def violate(self, law, what):
        """Something that must never happen has happened."""
        self.said[law] += 1
        if self.said[law] <= MOST_SAID:
            self.violations.append(f"{law}: {what}")
            print(f"!! {law}: {what}", flush=True)

    # What was published.
    def published(self, sensor, payload):
        """A frame is on its way to the broker."""
        self.frames[sensor].add(digest(payload))
        self.counts["published"] += 1

    def confirmed(self, token):
        """The broker has acknowledged it to the publisher."""
        self.frames[token[0]].confirmed[token[1]] = 1
        self.counts["confirmed"] += 1

    # What passed between broker and daemon.
    def opened(self, link, name):
        """A connection of the daemon; only the source's acknowledges frames."""
        if name == self.source:
            self.links[link] = collections.OrderedDict()
            self.counts["connections"] += 1

    def subscribed(self, link):
        """The broker has granted a subscription of the source."""
        if link in self.links:
            self.subscriptions += 1

    def to_daemon(self, link, packet_id, _topic, payload):
        """A frame is about to reach the daemon."""
        if link not in self.links:
            return
        match = SCAN.match(payload)
        key = (match[1].decode(), int(match[3])) if match else None
        if key:
            frames = self.frames[key[0]]
            frames.count(frames.delivered, key[1])
            self.counts["delivered"] += 1
        if packet_id is not None:
            self.links[link][packet_id] = key

    def from_daemon(self, link, packet_id):
        """A PUBACK has left the daemon."""
        pending = self.links.get(link)
        if pending is None:
            return
        if packet_id not in pending:
            self.violate("L1", f"a PUBACK for packet {packet_id}, which did not come on this connection")
            return
        if next(iter(pending)) != packet_id:
            self.violate("L1", f"a PUBACK for packet {packet_id} before that of {next(iter(pending))}: out of order")
        key = pending.pop(packet_id)
        if key:
            frames = self.frames[key[0]]
            frames.acked[key[1]] = 1
            self.counts["acked"] += 1
            if not frames.journaled[key[1]]:
                self.unseen.add(key)

    # What the sinks got.
    def on_webhook(self, path, body):
        """A notice was taken by the webhook."""
        self._taken("hq" if path == "/notices" else "twin", body)

    def on_alert(self, _topic, payload):
        """A notice came by the alerts topic."""
        self._taken("topic", payload)

    def _taken(self, sink, body):
        told = json.loads(body)
        if "alert" not in told:
            self.counts[f"other messages at {sink}"] += 1
            return
        key = told["alert"], told["revision"]
        self.copies[sink] += 1
        if self.sinks[sink].setdefault(key, body) != body:
            self.violate("L3", f"{key} came to {sink} twice, with different bytes")

    # What the journal holds.
    def look(self):
        """Reads what the journal has got since the last look, and checks it."""
        before = len(self.reader.faults)
        for record in self.reader.advance():
            kind = journal.KINDS[record.kind]
            if kind == "frame":
                self._journaled(record)
            elif kind == "notice":
                self._raised(record)
            elif kind == "refused":
                told = journal.fields(record)
                self.refused[told["sensor"]] += told["count"]
                self.counts["refused"] += told["count"]
            elif kind == "delivered":
                told = journal.fields(record)
                self._claims.append((told["sink"], told["notice"], record.sequence))
            elif kind == "gap":
                self.gaps.append((journal.fields(record)["since"], record.received))
            elif kind == "damage":
                self.violate("L4", f"record {record.sequence} says that the journal was damaged")
        for fault in self.reader.faults[before:]:
            self.violate("L4", "{}:{}: {}".format(*fault))
        self._check_claims(False)

    def _journaled(self, record):
        told = journal.fields(record)
        match = SCAN.match(told["bytes"])
        frames = self.frames.get(told["sensor"])
        seq = int(match[3]) if match else -1
        if frames is None or not 0 <= seq < len(frames.digests) or frames.digests[seq] != digest(told["bytes"]):
            self.violate("L5", f"record {record.sequence} holds a frame of {told['sensor']} that nobody published")
            return
        frames.count(frames.journaled, seq)
        self.counts["journaled"] += 1
        self.unseen.discard((told["sensor"], seq))
        if frames.journaled[seq] > 1:
            self.counts["journaled again"] += 1
        if self.links and frames.journaled[seq] > frames.delivered[seq]:
            self.violate("L5", f"{told['sensor']} {seq} is in the journal {frames.journaled[seq]} times, "
                               f"but reached the daemon {frames.delivered[seq]} times")

    def _raised(self, record):
        body = bytes(record.body)
        told = json.loads(body)
        if "permitted" in told:
            # Logged, and owed to nobody.
            self.counts["by leave"] += 1
            return
        key = told["alert"], told["revision"]
        if key in self.notices:
            self.violate("L3", f"the journal holds {key} twice, the second time in record {record.sequence}"
                               + ("" if self.notices[key] == body else ", with different bytes"))
            return
        self.notices[key] = body
        self.order.append(key)
        if "held" in told:
            self.held.add(key)

    def _check_claims(self, is_last):
        """What the journal says was delivered must have been: the webhook knows at once, the topic in a moment."""
        kept = []
        for claim in self._claims:
            sink, number, sequence = claim
            if sink in self.sinks and number < len(self.order) and self.order[number] in self.sinks[sink]:
                continue
            if sink not in SINKS or is_last or (sink == "hq" and number < len(self.order)):
                self.violate("L2", f"record {sequence} says that {sink} has notice {number}, which it never got")
            else:
                kept.append(claim)
        self._claims = kept

    # The laws.
    def check_acked(self, when):
        """L1 as it stands at this moment: every PUBACK that left rests on a record."""
        self.look()
        missing = collections.Counter(sensor for sensor, _ in self.unseen)
        for sensor, count in missing.items():
            if count > self.refused[sensor]:
                which = sorted(seq for name, seq in self.unseen if name == sensor)[:5]
                self.violate("L1", f"{when}: {count} frames of {sensor} were acknowledged and are not in the journal "
                                   f"({self.refused[sensor]} refused), among them seq {which}")
        for key in [key for key in self.unseen if missing[key[0]] > self.refused[key[0]]]:
            # Said once.
            self.unseen.discard(key)

    def lost(self):
        """Frames the broker had taken that are neither in the journal nor excused: sensor and seq."""
        return [(sensor, seq) for sensor, frames in self.frames.items()
                for seq, (confirmed, journaled) in enumerate(zip(frames.confirmed, frames.journaled))
                if confirmed and not journaled and (sensor, seq) not in self.excused]

    def excuse_queued(self):
        """The broker is about to forget: what it holds and the daemon has not acknowledged may be lost."""
        held = {(sensor, seq) for sensor, frames in self.frames.items() for seq in self._unjournaled(frames)}
        self.excused |= held

    @staticmethod
    def _unjournaled(frames):
        return [seq for seq, (acked, journaled) in enumerate(zip(frames.acked, frames.journaled))
                if not acked and not journaled]

    def unsettled(self):
        """What still has to arrive somewhere, by name."""
        left = {"frames": sum(max(0, count - self.refused[sensor]) for sensor, count in
                              collections.Counter(sensor for sensor, _ in self.lost()).items())}
        for sink in SINKS:
            left[f"notices at {sink}"] = len(self.notices.keys() - self.held - self.sinks[sink].keys())
        left["notices in the journal"] = len((self.sinks["hq"].keys() | self.sinks["topic"].keys()) - self.notices.keys())
        return {name: count for name, count in left.items() if count}

    def check_all(self):
        """L1 to L4 after draining."""
        self.check_acked("after draining")
        lost = collections.defaultdict(list)
        for sensor, seq in self.lost():
            lost[sensor].append(seq)
        for sensor, seqs in lost.items():
            if len(seqs) > self.refused[sensor]:
                self.violate("L1", f"{len(seqs)} frames of {sensor} that the broker had taken are not in the journal "
                                   f"({self.refused[sensor]} refused), among them seq {seqs[:5]}")
        for sink in SINKS:
            for key in self.notices.keys() - self.held - self.sinks[sink].keys():
                self.violate("L2", f"{key} is in the journal and never came to {sink}")
            for key in self.sinks[sink].keys() - self.notices.keys():
                self.violate("L3", f"{key} came to {sink} and is not in the journal")
            for key in self.notices.keys() & self.sinks[sink].keys():
                if self.notices[key] != self.sinks[sink][key]:
                    self.violate("L3", f"{key}: the bytes at {sink} are not those in the journal")
        self._check_claims(True)
        self.check_refused()

    def check_refused(self):
        """No sensor here ever speaks faster than it may: what is refused was only kept waiting by the broker."""
        for sensor, count in self.refused.items():
            self.violate("RATE", f"{count} frames of {sensor} were refused, though it kept to its rate; they are lost")

    def happenings(self, crossings):
        """Who crossed and how often that was said: (missed, said twice, said of nothing), and the ids of each."""
        latest = {}
        for (alert, revision), body in sorted(self.notices.items()):
            told = json.loads(body)
            # A flood's group speaks for others.
            if told["kind"] != "flood":
                latest[alert] = told
        said = collections.defaultdict(list)
        invented = []
        for alert, told in latest.items():
            when, east = unix_s(told["event_time"]), told["position"]["east_m"]
            near = [number for number, (at, lane, _) in enumerate(crossings) if abs(at - when) <= 5 and abs(lane - east) <= 200]
            if near:
                said[min(near, key=lambda number: abs(crossings[number][0] - when))].append(alert)
            else:
                invented.append(alert)
        missed = [number for number, (_, _, is_seen) in enumerate(crossings) if is_seen and number not in said]
        return missed, {number: alerts for number, alerts in said.items() if len(alerts) > 1}, invented
