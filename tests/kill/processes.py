"""The real programs: mosquitto with the shipped configuration, and the daemon, each to be started, ended and killed.

In: folders and ports. Out: running processes. Ends only what it began.
"""

import asyncio
import os
import pathlib
import re
import signal
import socket

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "config" / "mosquitto" / "linewatch.conf"


def free_port():
    """A port of loopback nobody has now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Broker:
    """mosquitto in a folder of its own."""

    def __init__(self, folder, is_shipped=True):
        self.folder, self.port = folder, free_port()
        self._process = None
        folder.mkdir(parents=True)
        listener = f"listener {self.port} 127.0.0.1"
        if is_shipped:
            config = re.sub(r"(?m)^listener .*$", listener, SHIPPED.read_text())
        else:
            # As it comes, but for letting us in and for outliving a restart.
            config = f"{listener}\nallow_anonymous true\npersistence true\n"
        own = f"persistence_location {folder}/\nlog_dest file {folder}/log\n"
        if os.geteuid() == 0:
            # It would give up root for a user who cannot write to the folder.
            own += "user root\n"
        (folder / "mosquitto.conf").write_text(f"{config}\n{own}")

    async def start(self):
        """Runs it until it listens."""
        self._process = await asyncio.create_subprocess_exec(
            "mosquitto", "-c", str(self.folder / "mosquitto.conf"),
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL)
        for _ in range(500):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                if self._process.returncode is not None:
                    break
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
        raise RuntimeError(f"mosquitto does not start: see {self.folder}/log")

    async def stop(self):
        """Ends it as the system would: it saves what it keeps."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    def forget(self):
        """Takes from a stopped broker all it kept."""
        (self.folder / "mosquitto.db").unlink(missing_ok=True)


class Daemon:
    """`linewatch run`, perhaps under strace."""

    def __init__(self, program, config, wrapper=()):
        self.program, self.config, self.wrapper = program, config, list(wrapper)
        self.log = config.parent / "linewatch.log"
        self.starts = 0
        self._process = None

    async def start(self, **environment):
        """Starts it; does not wait until it is ready."""
        self.starts += 1
        with self.log.open("ab") as log:
            log.write(f"-- start {self.starts} {environment}\n".encode())
            log.flush()
            self._process = await asyncio.create_subprocess_exec(
                *self.wrapper, str(self.program), "run", "--config", str(self.config), stdout=log, stderr=log,
                env={**os.environ, "LINEWATCH_LOG": "info", "NO_COLOR": "1", **environment})

    @property
    def is_running(self):
        """Whether it has not ended."""
        return self._process is not None and self._process.returncode is None

    @property
    def returncode(self):
        """How it ended."""
        return self._process.returncode

    async def kill(self):
        """kill -9."""
        if self.is_running:
            self._process.kill()
        await self._process.wait()

    async def stop(self, within_s=15.0):
        """SIGTERM; its exit status, or None if it had to be killed."""
        if self.is_running:
            self._process.send_signal(signal.SIGTERM)
        return await self.wait(within_s)

    async def wait(self, within_s):
        """Its exit status, or None if it is still running after so long and had to be killed."""
        try:
            return await asyncio.wait_for(self._process.wait(), within_s)
        except asyncio.TimeoutError:
            await self.kill()
            return None
