"""The network between daemon and broker: a TCP proxy that fails on command, and sees every MQTT packet that passes.

In: connections of the daemon, orders. Out: connections to the broker, and what passed to the tap: `opened(link, name)`,
`to_daemon(link, packet id, topic, payload)`, `from_daemon(link, packet id)` for each PUBACK, `subscribed(link)`.
"""

import asyncio
import socket
import struct

import mqtt

CHUNK = 1 << 16
# Of the chunks that are hurt at all, so many end the connection.
RESETS = 0.05


class Link:
    """One connection of the daemon, and the one to the broker that stands for it."""

    def __init__(self, proxy, reader, writer):
        self.proxy, self.reader, self.writer = proxy, reader, writer
        self.name = None
        self.is_swallowing = False
        self._upstream = None

    async def run(self):
        """Carries bytes until one side has gone."""
        await self.proxy.open_gate.wait()
        try:
            back_reader, back = await asyncio.open_connection("127.0.0.1", self.proxy.upstream)
        except OSError:
            self.reset()
            return
        self._upstream = back
        there = asyncio.create_task(self._carry(self.reader, back, self._from_daemon))
        here = asyncio.create_task(self._carry(back_reader, self.writer, self._to_daemon))
        await asyncio.wait((there, here), return_when=asyncio.FIRST_COMPLETED)
        if self.is_swallowing:
            # Nobody tells the broker that the other end has gone, nor the other end that the broker has.
            await asyncio.wait((there, here))
        for task in (there, here):
            task.cancel()
        await asyncio.gather(there, here, return_exceptions=True)
        for writer in (self.writer, back):
            writer.close()

    def reset(self):
        """Ends both sides with RST."""
        for writer in (self.writer, self._upstream):
            if writer is not None:
                sock = writer.get_extra_info("socket")
                if sock is not None and sock.fileno() >= 0:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()

    async def _carry(self, reader, writer, see):
        packets = mqtt.Packets()
        try:
            while chunk := await reader.read(CHUNK):
                await self._weather()
                if self.is_swallowing and see == self._to_daemon:
                    continue
                for first, body in packets.feed(chunk):
                    see(first, body)
                if not self.is_swallowing:
                    writer.write(chunk)
                    await writer.drain()
        except OSError:
            pass

    async def _weather(self):
        proxy = self.proxy
        if proxy.delay_s:
            await asyncio.sleep(proxy.delay_s)
        if proxy.loss and proxy.rng.random() < proxy.loss:
            if proxy.rng.random() < RESETS:
                self.reset()
                raise ConnectionResetError
            # What is lost comes again after a retransmission timeout, and everything behind it waits.
            await asyncio.sleep(0.2 * 2 ** proxy.rng.randrange(3))
        if not self.is_swallowing:
            await proxy.open_gate.wait()

    def _from_daemon(self, first, body):
        kind = first >> 4
        if kind == mqtt.CONNECT:
            self.name = body[12:12 + (body[10] << 8 | body[11])].decode()
            self.proxy.tap.opened(self, self.name)
        elif kind == mqtt.PUBACK:
            self.proxy.tap.from_daemon(self, struct.unpack(">H", body)[0])

    def _to_daemon(self, first, body):
        if first >> 4 == mqtt.PUBLISH:
            topic, packet_id, payload = mqtt.read_publish(first, body)
            self.proxy.tap.to_daemon(self, packet_id, topic, payload)
        elif first >> 4 == mqtt.SUBACK:
            self.proxy.tap.subscribed(self)


class Proxy:
    """Listens for the daemon on a port of its own."""

    def __init__(self, upstream, tap, rng):
        self.upstream, self.tap, self.rng = upstream, tap, rng
        self.delay_s = self.loss = 0.0
        self.open_gate = asyncio.Event()
        self.open_gate.set()
        self.port = None
        self._links = set()
        self._server = None

    async def start(self):
        """Begins to listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, reader, writer):
        link = Link(self, reader, writer)
        self._links.add(link)
        try:
            await link.run()
        except asyncio.CancelledError:
            pass
        finally:
            self._links.discard(link)

    def drop(self):
        """Every connection is reset."""
        for link in list(self._links):
            link.reset()

    def half_open(self):
        """Every connection of now goes silent for ever, both ways, and nobody is told. New ones work."""
        for link in self._links:
            link.is_swallowing = True

    def partition(self):
        """Nothing passes, old or new, until healed."""
        self.open_gate.clear()

    def heal(self):
        """Fair weather."""
        self.delay_s = self.loss = 0.0
        self.open_gate.set()

    def forget_silent(self):
        """Ends what `half_open` left behind."""
        for link in list(self._links):
            if link.is_swallowing:
                link.reset()
