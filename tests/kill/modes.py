"""What is done to the daemon, its network and its broker; each mode is one run and returns its violations.

In: what was asked for. Out: progress and figures on stdout, violations. What is right and wrong, the oracle knows.
"""

import asyncio
import collections
import json
import pathlib
import statistics
import time

from processes import ROOT
from rig import Rig

FAILPOINTS = pathlib.Path(__file__).with_name("failpoints.txt")
RECONNECT_S = 15.0
# Longer than the daemon takes to find a connection dead: twice its keep-alive.
SILENT_S = 30.0


def told(rig):
    """The figures of a run so far."""
    counts, oracle = rig.oracle.counts, rig.oracle
    return (f"{counts['published']} published, {counts['confirmed']} taken by the broker, {counts['delivered']} delivered, "
            f"{counts['acked']} acknowledged, {counts['journaled']} journaled ({counts['journaled again']} again), "
            f"{counts['refused']} refused, {len(oracle.notices)} notices, {len(oracle.gaps)} gaps, "
            f"copies {oracle.copies['hq']} + {oracle.copies['topic']}, {len(oracle.violations)} violations")


def spread(name, seconds):
    """Median and worst of what took time."""
    known = sorted(each for each in seconds if each is not None)
    if known:
        print(f"{name}: median {statistics.median(known):.2f} s, worst {known[-1]:.2f} s of {len(known)}")


def compare(rig):
    """The alerts against the world's truth and against the undisturbed twin's."""
    crossings = rig.world.crossings(rig.silent_since)
    missed, twice, invented = rig.oracle.happenings(crossings)
    print(f"{sum(each[2] for each in crossings)} crossed the line in full view: {len(missed)} never said, {len(twice)} said twice, "
          f"{len(invented)} alerts of nothing")
    if rig.twin:
        here = {alert for alert, _ in rig.oracle.notices}
        there = {alert for alert, _ in rig.oracle.sinks["twin"]}
        print(f"ids of alerts: {len(here & there)} as the undisturbed twin's, {len(here - there)} only here, "
              f"{len(there - here)} only there")
        print(f"notices: {len(rig.oracle.notices)} here, {len(rig.oracle.sinks['twin'])} there; {differences(rig)}")
        report = {"missed": [crossings[number] for number in missed],
                  "twice": [{"crossing": crossings[number], "alerts": alerts} for number, alerts in twice.items()],
                  "invented": invented, "only_here": sorted(here - there), "only_twin": sorted(there - here)}
        (rig.folder / "happenings.json").write_text(json.dumps(report, indent=1))


def differences(rig):
    """In which fields notices of the same alert and revision differ from the twin's."""
    here, there = rig.oracle.notices, rig.oracle.sinks["twin"]
    differ = collections.Counter()
    both = here.keys() & there.keys()
    for key in both:
        one, other = json.loads(here[key]), json.loads(there[key])
        differ.update(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    fields = ", ".join(f"{name} {count}" for name, count in differ.most_common()) or "none"
    return f"of {len(both)} that both have, fields that differ: {fields}"


async def whole_run(want, disturb, wrapper=()):
    """One run with something done to it, to its end and its checks."""
    rig = Rig(want, wrapper=wrapper)
    try:
        await rig.start()
        await disturb(rig)
        await rig.finish()
        print(told(rig))
        compare(rig)
    finally:
        await rig.close()
    return rig.oracle.violations


def weather(rig):
    """Sometimes the network is bad as well."""
    rig.proxy.heal()
    kind = rig.rng.choice(("fair", "fair", "fair", "slow", "loss", "drop", "half open"))
    if kind == "slow":
        rig.proxy.delay_s = 0.02
    elif kind == "loss":
        rig.proxy.loss = 0.3
    elif kind == "drop":
        rig.proxy.drop()
    elif kind == "half open":
        rig.proxy.half_open()
    rig.webhook.faults = rig.rng.choice((0.0, 0.3, 0.6))


async def live(rig):
    """Lets the daemon live for a while: too short to recover, perhaps just long enough, or well at work."""
    kind = rig.rng.choice(("starting", "recovering", "working", "working"))
    if kind == "working":
        await rig.fresh_frame()
    alive_s = rig.rng.uniform(0, 0.15) if kind == "starting" else rig.rng.uniform(0, 2.5)
    bad_s = rig.rng.uniform(0, alive_s)
    await asyncio.sleep(bad_s)
    weather(rig)
    await asyncio.sleep(alive_s - bad_s)


async def kills(want):
    """kill -9 at random instants."""

    async def disturb(rig):
        began = time.monotonic()
        for number in range(1, want.kills + 1):
            await live(rig)
            rig.check_running()
            await rig.daemon.kill()
            rig.oracle.check_acked(f"kill {number}")
            await asyncio.sleep(rig.rng.choice((0.0, 0.0, rig.rng.uniform(0, 0.5))))
            rig.proxy.heal()
            await rig.daemon.start()
            if number % max(5, want.kills // 50) == 0:
                print(f"{time.monotonic() - began:6.0f} s  {number} kills: {told(rig)}", flush=True)
            if number % 100 == 0:
                await rig.fresh_alert()
        rig.check_running()

    return await whole_run(want, disturb)


async def restart(rig):
    """The broker ends in good order and comes back."""
    await rig.broker.stop()
    await asyncio.sleep(rig.rng.uniform(0, 1))
    await rig.broker.start()


async def wiped(rig):
    """The broker comes back and has forgotten everybody."""
    gaps = len(rig.oracle.gaps)
    rig.proxy.partition()
    rig.proxy.drop()
    await rig.broker.stop()
    rig.broker.forget()
    await rig.broker.start()
    await rig.listener.is_ready.wait()
    subscriptions = rig.oracle.subscriptions
    rig.proxy.heal()
    # What the broker takes before it knows whom to give it to is lost, and nobody can know better.
    while rig.oracle.subscriptions == subscriptions and rig.daemon.is_running:
        rig.oracle.excuse_queued()
        await asyncio.sleep(0.02)
    rig.oracle.look()
    rig.oracle.excuse_queued()
    await rig.fresh_frame()
    if len(rig.oracle.gaps) == gaps:
        rig.oracle.violate("GAP", "the session was wiped and the journal has no gap record of it")


async def half_open(rig):
    """The connection is dead and nobody says so; the daemon has to find out."""
    rig.proxy.half_open()


async def loss(rig):
    """30 % of what is sent is lost for some seconds."""
    rig.proxy.loss = 0.3
    await asyncio.sleep(rig.rng.uniform(3, 6))
    rig.proxy.heal()


async def partition(rig):
    """Nothing passes for some seconds, either way."""
    rig.proxy.partition()
    await asyncio.sleep(rig.rng.uniform(1, 20))
    rig.proxy.heal()


async def broker_cycles(want):
    """Faults of broker and network in turn, each until fresh frames get through."""
    cycles = [cycle for cycle in (restart, wiped, half_open, loss, partition) if (want.only or "") in cycle.__name__]
    if not want.only:
        cycles.remove(partition)

    async def disturb(rig):
        took = {cycle.__name__: [] for cycle in cycles}
        gaps = dict.fromkeys(took, 0)
        began = time.monotonic()
        for number in range(want.broker_cycles):
            cycle = cycles[number % len(cycles)]
            await asyncio.sleep(rig.rng.uniform(0.2, 1.0))
            rig.webhook.faults = rig.rng.choice((0.0, 0.3, 0.6))
            before = len(rig.oracle.gaps)
            await cycle(rig)
            took[cycle.__name__].append(await rig.fresh_frame(RECONNECT_S))
            rig.oracle.check_acked(f"cycle {number + 1}, {cycle.__name__}")
            rig.check_running()
            rig.proxy.forget_silent()
            gaps[cycle.__name__] += len(rig.oracle.gaps) - before
            if (number + 1) % len(cycles) == 0:
                print(f"{time.monotonic() - began:6.0f} s  {number + 1} cycles: {told(rig)}", flush=True)
        for name, seconds in took.items():
            spread(f"{name}, until a fresh frame is in the journal", seconds)
            print(f"{name}: {gaps[name]} gap records")

    return await whole_run(want, disturb)


def named_points(want):
    """(name, highest pass to abort at, seconds to wait for it) of each point."""
    for line in FAILPOINTS.read_text().splitlines():
        words = line.split("#")[0].split()
        if words and (want.only or "") in words[0]:
            yield words[0], int(words[1]), float(words[2])


async def failpoints(want):
    """Aborted at the n-th pass of each named point."""

    async def disturb(rig):
        for name, most, within_s in named_points(want):
            reached = 0
            for number in range(want.times):
                await rig.daemon.kill()
                rig.oracle.check_acked(f"before {name} {number + 1}")
                await rig.daemon.start(LINEWATCH_FAILPOINT=f"{name}:{rig.rng.randint(1, most)}")
                ended = await rig.daemon.wait(within_s)
                rig.oracle.check_acked(f"{name} {number + 1}")
                if ended is not None and ended >= 0:
                    rig.oracle.violate("L6", f"armed with {name} the daemon ended with {ended}; see {rig.daemon.log}")
                reached += ended is not None and ended < 0
                await rig.daemon.start()
                await rig.fresh_frame()
            print(f"{name}: aborted {reached} of {want.times} times; {told(rig)}", flush=True)
            if reached == 0:
                rig.oracle.violate("failpoint", f"{name} was never passed within {within_s:g} s")

    return await whole_run(want, disturb)


async def defaults(want):
    """The daemon is away for a while; what does each broker still have for it, and is that taken?"""
    lost = {}
    for is_shipped in (False, True):
        want.folder = want.folder / ("shipped" if is_shipped else "defaults")
        want.folder.mkdir()
        want.twin = False
        rig = Rig(want, is_shipped)
        name = str(ROOT / "config/mosquitto/linewatch.conf") if is_shipped else "mosquitto's defaults"
        try:
            await rig.start()
            await asyncio.sleep(2)
            await rig.daemon.kill()
            await asyncio.sleep(want.away)
            await rig.daemon.start()
            await rig.fresh_frame()
            await rig.drain(20.0)
            rig.oracle.check_acked("after draining")
            rig.oracle.check_refused()
            lost[is_shipped] = len(rig.oracle.lost())
            print(f"{name}: {lost[is_shipped]} of {rig.oracle.counts['confirmed']} frames lost that the broker had taken")
            violations = rig.oracle.violations
        finally:
            await rig.close()
        want.folder = want.folder.parent
    if not lost[False]:
        violations.append("the defaults lost nothing: this test shows nothing")
    if lost[True]:
        violations.append("the shipped configuration lost frames")
    return violations
