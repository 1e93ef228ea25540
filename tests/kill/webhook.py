"""The oracle's webhook: takes notices over HTTP and fails as it is told.

In: POSTs. Out: `on_notice(path, body)` for each one answered 2xx, and for those whose answer then got lost. Knows nothing
of what notices say.
"""

import asyncio


class Webhook:
    """One server on a free port of loopback."""

    def __init__(self, on_notice, rng):
        self.on_notice, self.rng = on_notice, rng
        # Share of requests that end badly, in one of four ways.
        self.faults = 0.0
        self.port = None
        self.refused = 0

    async def start(self):
        """Begins to listen."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                path = head.split(" ", 2)[1]
                length = next((int(line.split(":")[1]) for line in head.split("\r\n")
                               if line.lower().startswith("content-length:")), 0)
                body = await reader.readexactly(length)
                if not await self._answer(path, body, writer):
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def _answer(self, path, body, writer):
        """Whether the connection goes on."""
        what = self.rng.randrange(4) if path == "/notices" and self.rng.random() < self.faults else None
        if what == 0:
            self.refused += 1
            return await self._say(writer, "500 Internal Server Error")
        if what == 1:
            # Hangs up before it took anything.
            self.refused += 1
            return False
        if what == 2:
            await asyncio.sleep(self.rng.uniform(0.1, 1.0))
        # What is taken is taken, whether or not the answer arrives.
        self.on_notice(path, body)
        if what == 3:
            return False
        return await self._say(writer, "204 No Content")

    async def _say(self, writer, status):
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()
        return True
