"""What the kernel saw: for every PUBACK that left the daemon, fdatasync had returned before for the record of its frame.

In: the output of `strace -f -yy -xx`, lines in the order in which things happened. Out: how many acknowledgements were
proven to rest on a synced record, and those that were not. Correlates by bytes: the frame as it came on the MQTT socket,
the same frame inside a record written to a segment, the sync of that segment begun after the write, its return, the
PUBACK with the packet id the frame had come by.
"""

import asyncio
import collections
import re

import mqtt
from modes import compare, told
from rig import Rig
from world import SCAN

CALLS = "read,recvfrom,recvmsg,readv,write,writev,pwrite64,pwritev,sendto,sendmsg,fdatasync,fsync,sync_file_range,close"
LINE = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)(?:\((.*)| resumed>(.*))")
TARGET = re.compile(r"\d+<(.*?)>(?=[,)]|$)")
HEX = re.compile(r"\\x([0-9a-f]{2})")
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
SEGMENT = re.compile(r"\.lwj(?:\.tmp)?$")


class Call:
    """One system call: where its beginning and its end stand in the trace."""

    __slots__ = ("name", "target", "words", "begun", "ended", "result")

    def __init__(self, name, words, begun):
        self.name, self.words, self.begun = name, words, begun
        self.ended = self.result = None
        match = TARGET.match(words)
        self.target = HEX.sub(lambda each: chr(int(each[1], 16)), match[1]) if match else ""

    def end(self, rest, ended):
        """Returned at this line."""
        self.words, self.ended = self.words + rest, ended
        result = re.search(r"\) += (-?\d+)", rest or self.words)
        self.result = int(result[1]) if result else None

    def content(self):
        """The bytes it moved."""
        whole = b"".join(bytes.fromhex(each.replace("\\x", "")) for each in STRING.findall(self.words))
        return whole[:self.result] if self.result is not None and self.result >= 0 else b""


def read_calls(lines):
    """Calls in the order of their beginnings; each knows where it ended."""
    calls, open_calls = [], {}
    for number, line in enumerate(lines):
        match = LINE.match(line)
        if not match:
            continue
        thread, name, words, resumed = match.groups()
        if resumed is not None:
            call = open_calls.pop((thread, name), None)
            if call:
                call.end(resumed, number)
            continue
        call = Call(name, words.split(" <unfinished")[0], number)
        calls.append(call)
        if "<unfinished" in line:
            open_calls[thread, name] = call
        else:
            call.end("", number)
    return calls


class Proof:
    """Follows the bytes through the calls."""

    def __init__(self, port):
        self.port = port
        self.acks = self.proven = self.syncs = 0
        self.faults = []
        self._streams = collections.defaultdict(lambda: (mqtt.Packets(), mqtt.Packets()))
        self._came = collections.defaultdict(dict)
        # Frame → file and line at which its write had returned; file → (begun, ended) of each good sync.
        self._written, self._synced = collections.defaultdict(list), collections.defaultdict(list)

    def run(self, calls):
        """Everything once; what was sent counts when it began, everything else when it had returned."""
        sending = ("write", "writev", "sendto", "sendmsg")
        events = []
        for call in calls:
            is_socket = "TCP" in call.target
            if call.ended is not None or (is_socket and call.name in sending):
                events.append((call.begun if is_socket and call.name in sending else call.ended, call))
        for _, call in sorted(events, key=lambda event: event[0]):
            self._one(call)

    def _one(self, call):
        if f":{self.port}]" in call.target and "TCP" in call.target:
            here, there = self._streams[call.target]
            if call.name in ("read", "readv", "recvfrom", "recvmsg"):
                for first, body in here.feed(call.content()):
                    if first >> 4 == mqtt.PUBLISH:
                        _, packet_id, payload = mqtt.read_publish(first, body)
                        self._came[call.target][packet_id] = payload
            elif call.name in ("write", "writev", "sendto", "sendmsg"):
                for first, body in there.feed(call.content()):
                    if first >> 4 == mqtt.PUBACK:
                        self._acknowledged(call, body[0] << 8 | body[1])
        elif SEGMENT.search(call.target):
            if call.name in ("fdatasync", "fsync"):
                if call.result == 0:
                    self.syncs += 1
                    self._synced[call.target].append((call.begun, call.ended))
            elif call.name in ("write", "writev", "pwrite64", "pwritev"):
                for match in SCAN.finditer(call.content()):
                    self._written[match[0]].append((call.target, call.ended))

    def _acknowledged(self, call, packet_id):
        self.acks += 1
        payload = self._came[call.target].pop(packet_id, None)
        if payload is None:
            self.faults.append(f"line {call.begun + 1}: PUBACK {packet_id} for what did not come by this connection")
            return
        # (sensor, boot, seq) names a frame: what is written cannot be mistaken for another.
        key = SCAN.match(payload)
        rests = key and any(written < begun and ended < call.begun
                            for file, written in self._written[key[0]] for begun, ended in self._synced[file][-200:])
        if rests:
            self.proven += 1
        else:
            self.faults.append(f"line {call.begun + 1}: PUBACK {packet_id} ({key[0] if key else payload[:40]!r}) left before "
                               "fdatasync had returned for its record")


async def strace(want):
    """A quiet run under strace, and its proof; one kill -9 in the middle, so that recovery is seen as well."""
    want.twin = False
    traces = [want.folder / "trace.1", want.folder / "trace.2"]
    rig = Rig(want)
    try:
        rig.wrapper = wrapper(traces[0])
        await rig.start()
        await asyncio.sleep(want.seconds / 2)
        await rig.daemon.kill()
        rig.daemon.wrapper = wrapper(traces[1])
        await rig.daemon.start()
        await asyncio.sleep(want.seconds / 2)
        await rig.finish()
        print(told(rig))
        compare(rig)
    finally:
        await rig.close()
    for trace in traces:
        proof = Proof(rig.proxy.port)
        with trace.open(encoding="latin-1") as lines:
            proof.run(read_calls(lines))
        print(f"{trace.name}: {proof.acks} PUBACKs left, {proof.proven} after the fdatasync of their record had returned, "
              f"{proof.syncs} syncs of segments")
        for fault in proof.faults[:10]:
            rig.oracle.violate("strace", f"{trace.name} {fault}")
        if proof.acks == 0:
            rig.oracle.violate("strace", f"{trace.name}: no PUBACK was seen")
    return rig.oracle.violations


def wrapper(trace):
    """-D: the daemon is our own child, and strace its grandchild: signals reach the daemon."""
    return ["strace", "-D", "-f", "-yy", "-xx", "-s", "4194304", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(trace)]
