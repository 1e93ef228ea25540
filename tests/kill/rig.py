"""One run: world → publisher → mosquitto → proxy → daemon → sinks, with the oracle at every joint.

In: the program, a seed, a folder. Out: a world going on, and what the modes need to disturb it. A twin of the daemon, never
disturbed and without the proxy, can listen beside it: the alerts it raises are the reference.
"""

import asyncio
import json
import pathlib
import random
import subprocess
import sys
import time

import mqtt
from oracle import SINKS, Oracle, unix_s
from processes import Broker, Daemon
from proxy import Proxy
from webhook import Webhook
from world import CLIENT, SECTOR, SENSORS, World, install

READER = pathlib.Path(__file__).resolve().parents[1] / "journal.py"
RECOVERY_S = 30.0


class Rig:
    """Everything of one run."""

    def __init__(self, want, is_shipped=True, wrapper=()):
        self.want, self.folder = want, want.folder
        self.rng = random.Random(f"faults {want.seed}")
        self.oracle = Oracle(self.folder / "daemon" / "journal", CLIENT)
        self.broker = Broker(self.folder / "broker", is_shipped)
        self.proxy = Proxy(self.broker.port, self.oracle, random.Random(f"proxy {want.seed}"))
        self.webhook = Webhook(self.oracle.on_webhook, random.Random(f"webhook {want.seed}"))
        self.publisher = mqtt.Client("sensors", self.broker.port, on_puback=self.oracle.confirmed)
        topic = f"linewatch/v1/{SECTOR}/alerts"
        self.listener = mqtt.Client("listener", self.broker.port, [topic], on_message=self.oracle.on_alert)
        self.wrapper, self.daemon, self.twin, self.world = wrapper, None, None, None
        self.silent_since = None
        self._tasks, self._publishing = [], None

    async def start(self):
        """Starts all of it; the daemon last."""
        await self.broker.start()
        await self.proxy.start()
        await self.webhook.start()
        url = f"http://127.0.0.1:{self.webhook.port}"
        config = install(self.folder / "daemon", self.want.rate, self.proxy.port, f"{url}/notices", CLIENT,
                         journal_keys=self.want.journal, keep_alive_s=self.want.keep_alive)
        self.daemon = Daemon(self.want.linewatch, config, self.wrapper)
        self._tasks += [asyncio.create_task(self.publisher.run()), asyncio.create_task(self.listener.run())]
        await asyncio.wait_for(self.listener.is_ready.wait(), 10)
        if self.want.twin:
            config = install(self.folder / "twin", self.want.rate, self.broker.port, f"{url}/twin", f"{CLIENT}-twin", ["hq"])
            self.twin = Daemon(self.want.linewatch, config)
            await self.twin.start()
        await self.daemon.start()
        await self._until(lambda: self.oracle.subscriptions, 20, "the daemon never subscribed")
        if self.want.twin:
            await asyncio.sleep(0.5)
        self.world = World(self.want.seed, time.time())
        self._publishing = asyncio.create_task(self._publish())
        self._tasks += [self._publishing, asyncio.create_task(self._watch())]

    async def _publish(self):
        """Scans at their times, sensor after sensor."""
        sensors, sent = list(SENSORS), 0
        while True:
            due = int((time.time() - self.world.began) * self.want.rate)
            while sent < due:
                sensor, now = sensors[sent % len(sensors)], self.world.began + sent / self.want.rate
                seq, payload = self.world.scan(sensor, now)
                self.oracle.published(sensor, payload)
                self.publisher.publish(f"linewatch/v1/{SECTOR}/{sensor}/scan", payload, (sensor, seq))
                sent += 1
            await asyncio.sleep(0.005)

    async def _watch(self):
        """Reads the journal as it grows."""
        while True:
            await asyncio.sleep(0.2)
            self.oracle.look()

    async def _until(self, condition, within_s, otherwise, every_s=0.02):
        """Waits for something; whether it came about. Seconds it took, or None after a violation of L6."""
        began = time.monotonic()
        while not condition():
            for task in self._tasks:
                if task.done():
                    task.result()
            if time.monotonic() - began > within_s:
                self.oracle.violate("L6", f"{otherwise} within {within_s:g} s")
                return None
            await asyncio.sleep(every_s)
        return time.monotonic() - began

    async def fresh_frame(self, within_s=RECOVERY_S):
        """Seconds until a frame published from now on is in the journal."""
        next_seq = {sensor: len(frames.digests) for sensor, frames in self.oracle.frames.items()}

        def arrived():
            self.oracle.look()
            return any(any(frames.journaled[next_seq[sensor]:]) for sensor, frames in self.oracle.frames.items())
        return await self._until(arrived, within_s, "no fresh frame in the journal", 0.05)

    async def fresh_alert(self, within_s=RECOVERY_S):
        """Seconds until an alert about what happened from now on is at every sink."""
        now = time.time()

        def arrived():
            keys = set.intersection(*(set(self.oracle.sinks[sink]) for sink in SINKS))
            return any(unix_s(json.loads(self.oracle.sinks["hq"][key])["event_time"]) >= now for key in keys)
        return await self._until(arrived, within_s, "no fresh alert at every sink", 0.1)

    def check_running(self):
        """A daemon nobody killed must not have ended."""
        if not self.daemon.is_running:
            self.oracle.violate("L6", f"the daemon ended by itself with {self.daemon.returncode}; see {self.daemon.log}")

    async def finish(self):
        """Fair weather, recovery, draining, SIGTERM, and every check."""
        self.webhook.faults = 0.0
        self.proxy.heal()
        frame_s, alert_s = await self.fresh_frame(), await self.fresh_alert()
        if frame_s is not None and alert_s is not None:
            print(f"after the last fault: a fresh frame in the journal after {frame_s:.2f} s, a fresh alert at both sinks "
                  f"after {alert_s:.2f} s more", flush=True)
        await self.drain(self.want.drain)
        ended = await self.daemon.stop()
        if ended != 0:
            self.oracle.violate("L6", f"after SIGTERM the daemon ended with {ended}; see {self.daemon.log}")
        self.oracle.look()
        if self.oracle.reader.unfinished:
            self.oracle.violate("L4", "ended in good order, and yet: {}:{}: {}".format(*self.oracle.reader.unfinished))
        self.oracle.check_all()
        await self._verify("daemon")
        if self.twin:
            await self.twin.stop()
            await self._verify("twin")
        await self.close()

    async def drain(self, drain_s):
        """No more scans; waits until everything is where it belongs."""
        self._tasks.remove(self._publishing)
        self._publishing.cancel()
        self.silent_since = time.time()
        began = time.monotonic()
        while time.monotonic() - began < drain_s:
            self.oracle.look()
            if not self.publisher.owed and not self.oracle.unsettled():
                # A notice may still be on its way out of the last frames.
                await asyncio.sleep(2.0)
                self.oracle.look()
                if not self.oracle.unsettled():
                    return
            await asyncio.sleep(0.3)
        print(f"not drained after {drain_s:g} s: {self.oracle.unsettled()}, publisher owes {self.publisher.owed}", flush=True)

    async def _verify(self, whose):
        """The reader once more, from the beginning."""
        reader = await asyncio.create_subprocess_exec(
            sys.executable, str(READER), "verify", str(self.folder / whose / "journal"), stdout=subprocess.PIPE)
        told = (await reader.communicate())[0].decode().splitlines()
        (self.folder / f"verify-{whose}.txt").write_text("\n".join(told))
        if reader.returncode != 0:
            self.oracle.violate("L4", f"tests/journal.py verify of the {whose}'s journal: {told[0]}")
        elif whose == "daemon" and self.oracle.reader.chain and f"chain value {self.oracle.reader.chain.hex()}" not in told:
            self.oracle.violate("L4", "read at once, the journal has another chain value than read as it grew")

    async def close(self):
        """Ends what is still running."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for process in (self.daemon, self.twin):
            if process is not None and process.is_running:
                await process.kill()
        await self.broker.stop()
