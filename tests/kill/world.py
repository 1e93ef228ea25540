"""The world the sensors see: somebody walks over the line every second; and the installation that watches it.

In: a seed, an instant. Out: scans as bytes (contract: the JSON scan), each with its own (sensor, boot, seq); who crossed,
where and when; linewatch.toml and agreement.toml. The same seed walks the same ways; only the wall clock differs.
"""

import datetime
import math
import random
import re

SECTOR = "kill-1"
CLIENT = "linewatch-kill-1"
ORIGIN = (-49.0, 69.6)
BOOT = 7
EVERY_S, LANES, LANE_M, REACH_M = 1.0, 24, 250.0, 150.0
# Nobody takes longer from end to end: so long before the beginning the first ones set out.
WALK_S = 2 * REACH_M / 15
# A crossing must be said only if sensors had this long before and after it to see who walks there.
SEEN_BEFORE_S, SEEN_SINCE_S = 5.0, 4.0
SENSORS = {"r1": (-2500.0, 1500.0), "r2": (-1200.0, -1800.0), "r3": (0.0, 1600.0), "r4": (1300.0, -1700.0), "r5": (2600.0, 1500.0)}
RANGE_SIGMA_M, AZIMUTH_SIGMA_DEG = 5.0, 0.1
SCAN = re.compile(rb'\{"sensor":"(r\d)","boot":(\d+),"seq":(\d+),')


def lat_lon(east, north):
    """Degrees of a place near the origin (WGS 84, first order)."""
    latitude = math.radians(ORIGIN[0])
    bent = 1 - 0.00669437999014 * math.sin(latitude) ** 2
    meridian, normal = 6378137.0 * (1 - 0.00669437999014) / bent ** 1.5, 6378137.0 / math.sqrt(bent)
    return ORIGIN[0] + math.degrees(north / meridian), ORIGIN[1] + math.degrees(east / (normal * math.cos(latitude)))


def stamp(unix_s):
    """RFC 3339."""
    return datetime.datetime.fromtimestamp(unix_s, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


class World:
    """Begins at an instant of the wall clock."""

    def __init__(self, seed, began):
        self.began = began
        self._rng = random.Random(f"world {seed}")
        self._lanes = self._rng.sample(range(LANES), LANES)
        self._walks = []
        self._next = dict.fromkeys(SENSORS, 0)

    def _walk(self, number):
        while len(self._walks) <= number:
            lane = self._lanes[len(self._walks) % LANES] - (LANES - 1) / 2
            self._walks.append((lane * LANE_M, self._rng.uniform(15, 25), self._rng.choice((-1, 1))))
        return self._walks[number]

    def walkers(self, now):
        """(east, north) of everybody there is."""
        elapsed = now - self.began + WALK_S
        found = []
        for number in range(max(0, int((elapsed - WALK_S) / EVERY_S)), int(elapsed / EVERY_S) + 1):
            east, speed, sign = self._walk(number)
            north = sign * (speed * (elapsed - number * EVERY_S) - REACH_M)
            if abs(north) <= REACH_M:
                found.append((east, north))
        return found

    def crossings(self, until):
        """(unix time, east, whether it must be said) of everybody who walked over the line."""
        found = []
        for number in range(int((until - self.began + WALK_S) / EVERY_S) + 1):
            east, speed, _ = self._walk(number)
            when = self.began - WALK_S + number * EVERY_S + REACH_M / speed
            found.append((when, east, self.began + SEEN_BEFORE_S <= when <= until - SEEN_SINCE_S))
        return found

    def scan(self, sensor, now):
        """(seq, bytes) of the sensor's next look."""
        seq = self._next[sensor]
        self._next[sensor] = seq + 1
        detections = []
        for east, north in self.walkers(now):
            if self._rng.random() < 0.95:
                d_east, d_north = east - SENSORS[sensor][0], north - SENSORS[sensor][1]
                range_m = math.hypot(d_east, d_north) + self._rng.gauss(0, RANGE_SIGMA_M)
                azimuth = math.degrees(math.atan2(d_east, d_north)) + self._rng.gauss(0, AZIMUTH_SIGMA_DEG)
                detections.append(f'{{"range_m":{range_m:.1f},"azimuth_deg":{azimuth % 360:.3f}}}')
        head = f'{{"sensor":"{sensor}","boot":{BOOT},"seq":{seq},"time":"{stamp(now)}","detections":['
        return seq, (head + ",".join(detections) + "]}").encode()


def install(folder, rate_hz, broker_port, webhook_url, name, sinks=("hq", "topic"), journal_keys=(), keep_alive_s=None):
    """Writes an installation into a folder; the path of its linewatch.toml."""
    (folder / "journal").mkdir(parents=True)
    told = [f'[sector]\nid = "{SECTOR}"\norigin = [{ORIGIN[0]}, {ORIGIN[1]}]\nexercise = true\n',
            '[agreement]\nfile = "agreement.toml"\n']
    for sensor, place in SENSORS.items():
        lat, lon = lat_lon(*place)
        told.append(f'[[sensors]]\nid = "{sensor}"\nkind = "radar"\nposition = [{lat:.7f}, {lon:.7f}]\n'
                    f'max_range_m = 15000.0\nrange_sigma_m = {RANGE_SIGMA_M}\nazimuth_sigma_deg = {AZIMUTH_SIGMA_DEG}\n'
                    f'detection_probability = 0.95\nfalse_alarms_per_scan = 0.01\nperiod_s = {len(SENSORS) / rate_hz}\n')
    told.append(f'[mqtt]\nurl = "mqtt://127.0.0.1:{broker_port}"\nclient_id = "{name}"\n'
                + (f"keep_alive_s = {keep_alive_s}\n" if keep_alive_s else ""))
    told.append(f'[journal]\ndir = "{folder}/journal"\n' + "".join(f"{line}\n" for line in journal_keys))
    if "hq" in sinks:
        told.append(f'[[sinks]]\nid = "hq"\nkind = "webhook"\nurl = "{webhook_url}"\n')
    if "topic" in sinks:
        told.append('[[sinks]]\nid = "topic"\nkind = "mqtt"\n')
    (folder / "linewatch.toml").write_text("\n".join(told))
    ends = [list(lat_lon(east, 0.0)) for east in (-4000.0, 4000.0)]
    (folder / "agreement.toml").write_text(
        'name = "EXERCISE"\nversion = "1"\n[[lines]]\nid = "border"\nleft = "north"\nright = "south"\n'
        f'coordinates = {ends}\n[[rules]]\nid = "border-crossing"\nkind = "crossing"\nline = "border"\n'
        # A flood is said in groups, and what is urgent never waits: here every crossing has to leave.
        f'severity_floor = "urgent"\n')
    return folder / "linewatch.toml"
