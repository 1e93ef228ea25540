"""As much of MQTT 3.1.1 as the oracle speaks, so that it knows of every packet and needs nobody's library.

In: bytes, payloads to publish. Out: packets, messages, and which publishes the broker has acknowledged. Knows nothing of scans.
"""

import asyncio
import collections
import struct

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 8, 9
RETRY_S = 0.02
WINDOW = 500


def packet(first, body):
    """A control packet: first byte, remaining length, body."""
    length, head = len(body), bytearray([first])
    while True:
        length, low = length >> 7, length & 127
        head.append(low | (128 if length else 0))
        if not length:
            return bytes(head) + body


def text(value):
    """A length-prefixed string."""
    return struct.pack(">H", len(value.encode())) + value.encode()


def connect(name, is_clean):
    """CONNECT without keep-alive."""
    return packet(CONNECT << 4, text("MQTT") + bytes([4, 2 if is_clean else 0, 0, 0]) + text(name))


def publish(topic, payload, packet_id, is_repeat=False):
    """PUBLISH at QoS 1."""
    return packet(PUBLISH << 4 | 2 | (8 if is_repeat else 0), text(topic) + struct.pack(">H", packet_id) + payload)


def puback(packet_id):
    """PUBACK."""
    return packet(PUBACK << 4, struct.pack(">H", packet_id))


def subscribe(filters):
    """SUBSCRIBE at QoS 1."""
    return packet(SUBSCRIBE << 4 | 2, b"\0\1" + b"".join(text(each) + b"\1" for each in filters))


def read_publish(first, body):
    """(topic, packet id or None at QoS 0, payload)."""
    at = 2 + (body[0] << 8 | body[1])
    topic = body[2:at].decode()
    if not first & 6:
        return topic, None, body[at:]
    return topic, body[at] << 8 | body[at + 1], body[at + 2:]


class Packets:
    """Cuts a stream into control packets."""

    def __init__(self):
        self._rest = b""

    def feed(self, chunk):
        """The (first byte, body) of each packet that is now complete."""
        content = self._rest + chunk if self._rest else chunk
        at, found = 0, []
        while True:
            length = shift = 0
            begin = at + 1
            while begin < len(content):
                length |= (content[begin] & 127) << shift
                shift += 7
                begin += 1
                if content[begin - 1] < 128:
                    break
            else:
                break
            if begin + length > len(content):
                break
            found.append((content[at], content[begin:begin + length]))
            at = begin + length
        self._rest = content[at:]
        return found


class Client:
    """A client that comes back for ever, and sends again what was not acknowledged."""

    def __init__(self, name, port, filters=(), on_message=None, on_puback=None):
        self.name, self.port, self.filters = name, port, filters
        self.on_message, self.on_puback = on_message, on_puback
        self.is_ready = asyncio.Event()
        self._writer = None
        self._next_id = 0
        self._waiting = collections.deque()
        self._unacked = {}

    @property
    def owed(self):
        """Publishes not yet acknowledged."""
        return len(self._waiting) + len(self._unacked)

    def publish(self, topic, payload, token):
        """Queues a message; `on_puback(token)` when the broker has it."""
        self._waiting.append((topic, payload, token))
        self._pump()

    async def run(self):
        """Connects again and again."""
        while True:
            try:
                await self._one_connection()
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                self.is_ready.clear()
                if self._writer is not None:
                    self._writer.transport.abort()
                    self._writer = None
            await asyncio.sleep(RETRY_S)

    async def _one_connection(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._writer, packets = writer, Packets()
        writer.write(connect(self.name, False))
        while chunk := await reader.read(1 << 16):
            for first, body in packets.feed(chunk):
                self._take(first, body, writer)

    def _take(self, first, body, writer):
        kind = first >> 4
        if kind == CONNACK:
            if body[1] != 0:
                raise OSError(f"the broker refuses: {body[1]}")
            if self.filters:
                writer.write(subscribe(self.filters))
            else:
                self.is_ready.set()
            for packet_id, (topic, payload, _) in self._unacked.items():
                writer.write(publish(topic, payload, packet_id, True))
            self._pump(True)
        elif kind == SUBACK:
            self.is_ready.set()
        elif kind == PUBACK:
            message = self._unacked.pop(struct.unpack(">H", body)[0], None)
            if message and self.on_puback:
                self.on_puback(message[2])
            self._pump(True)
        elif kind == PUBLISH:
            topic, packet_id, payload = read_publish(first, body)
            self.on_message(topic, payload)
            if packet_id is not None:
                writer.write(puback(packet_id))

    def _pump(self, is_connected=False):
        if self._writer is None or not (is_connected or self.is_ready.is_set()):
            return
        while self._waiting and len(self._unacked) < WINDOW:
            message = self._waiting.popleft()
            while True:
                self._next_id = self._next_id % 65535 + 1
                if self._next_id not in self._unacked:
                    break
            self._unacked[self._next_id] = message
            self._writer.write(publish(message[0], message[1], self._next_id))
