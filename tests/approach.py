#!/usr/bin/env python3
"""How good the early warning is: forecasts and warnings of seeded worlds against what the truth then did.

Makes worlds with ../shared/eval/scenario.py, runs them through the program and through its example `forecasts`, and
prints a table `what | figure | required`. A forecast counts where its track lies within 100 m of one true target that
lives on at least to the horizon, or drives out of the area. Extrapolating means: straight on from the true state. Needs python3 with numpy. Exit status 1: something missed.
"""

import argparse
import bisect
import csv
import datetime
import json
import math
import os
import pathlib
import subprocess
import sys
from collections import defaultdict

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = pathlib.Path(os.environ.get("LINEWATCH_SHARED", ROOT.parent / "shared"))
HORIZONS = {"within_60_s": 60, "within_300_s": 300, "within_900_s": 900}
EPOCH_S = 1767225600
RULE = """
[[rules]]
id = "coming"
kind = "approach"
line = "border"
direction = "any"
horizons_s = [300]
threshold = %g
hold_s = %g
"""


def run(*command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: ended with {done.returncode}")
    return done.stdout.decode()


def make(folder, seed, want):
    if not (folder / "agreement.toml").exists():
        folder.mkdir(parents=True, exist_ok=True)
        size = ["--dur", want.seconds, "--clutter", 5]
        run(sys.executable, SHARED / "eval/scenario.py", want.targets, folder, "--seed", seed, *size)
    agreement = folder / "agreement.toml"
    rules = agreement.read_text().split('\n[[rules]]\nid = "coming"')[0].rstrip("\n") + "\n"
    agreement.write_text(rules + RULE % (want.threshold, want.hold))


def seconds(stamp):
    return datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp() - EPOCH_S


class World:
    """The truth of one world."""

    def __init__(self, folder):
        self.scenario = json.loads((folder / "scenario.json").read_text())
        self.border = self.scenario["border"]
        self.paths = defaultdict(dict)
        for row in csv.DictReader(open(folder / "truth.csv")):
            state = tuple(float(row[key]) for key in ("x", "y", "vx", "vy"))
            self.paths[int(row["id"])][round(float(row["t"]))] = (*state, row["mode"])
        self.at = defaultdict(list)
        for target, path in self.paths.items():
            for second, state in path.items():
                self.at[second].append((target, state))
        self.crossings = defaultdict(list)
        for crossing in self.scenario["crossings"]:
            self.crossings[crossing["id"]].append(crossing["t"])
        for times in self.crossings.values():
            times.sort()

    def nearest(self, second, east, north):
        """The true target of a track: the only one near enough."""
        near = [(math.hypot(s[0] - east, s[1] - north), target) for target, s in self.at[second]]
        near.sort()
        return near[0][1] if near and near[0][0] < 100 and (len(near) < 2 or near[1][0] > 100) else None

    def next_crossing(self, target, second):
        times = self.crossings.get(target, [])
        at = bisect.bisect_right(times, second)
        return times[at] - second if at < len(times) else math.inf

    def gone(self, target, second):
        """Seconds until nothing more is known of it; for ever if it drove out of the area."""
        last = max(self.paths[target])
        x, y, *_ = self.paths[target][last]
        out = max(abs(x), abs(y)) > self.scenario["half_extent"] - 60
        return math.inf if out else last - second

    def side(self, x, y):
        for (ax, ay), (bx, by) in zip(self.border, self.border[1:]):
            if ax <= x <= bx:
                return y - (ay + (x - ax) / (bx - ax) * (by - ay)) > 0
        return None

    def straight(self, state, most_s):
        """Seconds until it crosses, going straight on."""
        x, y, vx, vy, _ = state
        before = self.side(x, y)
        for step in range(1, int(most_s) + 1):
            now = self.side(x + step * vx, y + step * vy)
            if now is None:
                return math.inf
            if now != before:
                return step
        return math.inf


def forecasts(world, rows, cases):
    """(p, happened) of every horizon."""
    for row in csv.DictReader(open(rows)):
        second = int(row["time"]) - EPOCH_S
        target = world.nearest(second, float(row["east_m"]), float(row["north_m"]))
        if target is None:
            continue
        until, gone = world.next_crossing(target, second), world.gone(target, second)
        for name, horizon in HORIZONS.items():
            # Whether it lives for so long must not depend on what it does meanwhile, or crossings would be chosen.
            if gone >= horizon:
                cases[name].append((float(row[name]), int(until <= horizon)))


def confidences(world, alerts, cases):
    """(confidence, whether somebody truly crossed there and then in that direction) of every crossing that was said."""
    said = {}
    for line in open(alerts):
        notice = json.loads(line)
        if notice["kind"] == "crossing" and notice["alert"] not in said:
            said[notice["alert"]] = notice
    for notice in said.values():
        at, place = seconds(notice["event_time"]), notice["position"]
        came = any(
            abs(true["t"] - at) <= 45
            and true["direction"] == notice["direction"]
            and math.hypot(true["x"] - place["east_m"], true["y"] - place["north_m"]) <= 400
            for true in world.scenario["crossings"]
        )
        cases["confidence"].append((notice["confidence"], int(came)))


def warnings(world, alerts, tally):
    """Who was warned of, when, and whether it came."""
    opened, warned = {}, defaultdict(list)
    for line in open(alerts):
        notice = json.loads(line)
        if notice["kind"] != "approach":
            continue
        if notice["alert"] not in opened:
            at = seconds(notice["raised_at"])
            place = notice["position"]
            opened[notice["alert"]] = None
            target = world.nearest(round(at), place["east_m"], place["north_m"])
            if target is None:
                tally["unmatched"] += 1
                continue
            opened[notice["alert"]] = (target, at)
            until, gone = world.next_crossing(target, at), world.gone(target, at)
            if until <= 300:
                tally["true"] += 1
            elif gone >= 300:
                tally["false"] += 1
        elif notice["state"] == "cleared" and opened[notice["alert"]] and "related" in notice:
            # It stood until the crossing came.
            target, at = opened[notice["alert"]]
            warned[target].append(at)
    return warned


def crossings(world, warned, tracked, tally):
    for target, times in world.crossings.items():
        path = world.paths[target]
        for at in times:
            second = math.floor(at) - 60
            back = [path.get(s) for s in range(math.floor(at) - 120, math.floor(at))]
            speed = math.hypot(*path[second][2:4]) if second in path else 0
            vehicle = max((math.hypot(*s[2:4]) for s in back if s), default=0) > 4
            if second not in path or not all((target, s) in tracked for s in range(second - 10, second)):
                continue
            ahead = any(at - 900 < said <= at - 60 for said in warned.get(target, []))
            predicted = world.straight(path[second], 300) < 300
            if vehicle:
                tally["vehicles"] += 1
                tally["vehicles warned"] += ahead
                tally["predicted"] += predicted
                tally["predicted and warned"] += predicted and ahead
            if all(back) and all(s[4] == "cv" for s in back):
                turned = abs(math.atan2(back[0][3], back[0][2]) - math.atan2(back[-1][3], back[-1][2])) % (2 * math.pi)
                if min(turned, 2 * math.pi - turned) < math.radians(10) and speed > 0.5:
                    tally["held course"] += 1
                    tally["held course and warned"] += ahead


def reliability(cases, count=10):
    """Expected calibration error over bins of equal count; equal p are never parted."""
    cases = sorted(cases)
    error, start, rows = 0.0, 0, []
    while start < len(cases):
        end = min(len(cases), start + max(1, len(cases) // count))
        while end < len(cases) and cases[end][0] == cases[end - 1][0]:
            end += 1
        part = cases[start:end]
        said, came = sum(p for p, _ in part) / len(part), sum(h for _, h in part) / len(part)
        error += abs(said - came) * len(part) / len(cases)
        rows.append((len(part), said, came))
        start = end
    return error, rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--linewatch", default=ROOT / "target/ci/linewatch", help="the program")
    parser.add_argument("--forecasts", default=ROOT / "target/ci/examples/forecasts", help="its example")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--targets", type=int, default=120)
    parser.add_argument("--seconds", type=int, default=1500)
    parser.add_argument("--threshold", type=float, default=0.3, help="P(crosses within five minutes) worth a warning")
    parser.add_argument("--hold", type=float, default=5, help="seconds that it must hold")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "target/approach", help="folder for everything")
    want = parser.parse_args()
    if not SHARED.is_dir():
        print(f"SKIPPED: {SHARED} is absent; clone the reference material beside this repository")
        return 0
    cases, tally = defaultdict(list), defaultdict(int)
    for seed in range(1, want.seeds + 1):
        folder = want.out / f"w{seed}"
        make(folder, seed, want)
        files = [folder / "linewatch.toml", folder / "recording.jsonl"]
        print(f"seed {seed}: {run(want.forecasts, *files, folder / 'forecasts.csv').strip()}", flush=True)
        outputs = ["--tracks", folder / "tracks.jsonl", "--alerts", folder / "alerts.jsonl"]
        run(want.linewatch, "replay", files[1], "--config", files[0], *outputs, "--json")
        world = World(folder)
        forecasts(world, folder / "forecasts.csv", cases)
        confidences(world, folder / "alerts.jsonl", cases)
        tracked = set()
        for line in open(folder / "tracks.jsonl"):
            row = json.loads(line)
            second = round(seconds(row["time"]))
            for target, state in world.at[second]:
                if abs(state[0] - row["east_m"]) < 100 and abs(state[1] - row["north_m"]) < 100:
                    tracked.add((target, second))
        crossings(world, warnings(world, folder / "alerts.jsonl", tally), tracked, tally)
    missed = []

    def row(what, figure, required, met):
        print(f"| {what} | {figure} | {required} | {'yes' if met else 'NO'} |")
        if not met:
            missed.append(what)

    print("| what | figure | required | met |\n| --- | --- | --- | --- |")
    for name in [*HORIZONS, "confidence"]:
        # What is said to be impossible, and is, would only flatter.
        error, rows = reliability([case for case in cases[name] if case[0] > 0])
        with open(want.out / f"{name}.csv", "w") as file:
            file.writelines(f"{p},{happened}\n" for p, happened in cases[name])
        draw = ROOT / "tests/reliability.py"
        if draw.exists():
            run(sys.executable, draw, want.out / f"{name}.csv", "--out", want.out / f"{name}.svg", "--most", 1)
        row(f"reliability error, {name}, {len(cases[name])} forecasts", f"{error:.4f}", "< 0.05", error < 0.05)
        print("   " + "  ".join(f"{said:.2f}→{came:.2f} ({count})" for count, said, came in rows))
    share = tally["predicted and warned"] / max(1, tally["predicted"])
    ratio = tally["vehicles warned"] / max(1, tally["predicted"])
    of = f"{tally['vehicles warned']} warned of {tally['vehicles']}, {tally['predicted']} predicted"
    row(f"vehicles tracked ≥ 70 s, warned ≥ 60 s ahead over predicted by going straight ({of})", f"{ratio:.3f}", "≥ 0.9", ratio >= 0.9)
    row("of those predicted, warned", f"{share:.3f}", "≥ 0.9", share >= 0.9)
    false = tally["false"] / max(1, tally["true"])
    row(f"false warnings per true one at 5 min ({tally['false']} false, {tally['true']} true, {tally['unmatched']} of nobody)", f"{false:.2f}", "≤ 3", false <= 3)
    held = tally["held course and warned"] / max(1, tally["held course"])
    row(f"targets that held course ≥ 120 s, warned ≥ 60 s ahead ({tally['held course']})", f"{held:.3f}", "≥ 0.9", held >= 0.9)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
