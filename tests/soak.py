#!/usr/bin/env python3
"""Runs the demo for a while and asks whether its resident memory grows.

Starts `linewatch demo --speed N --for DURATION`, reads VmRSS of the process every few seconds, prints a table and
the least-squares slope over the last part of the run. Exit status: 0 the slope is within the limit and the demo ended
well, 1 not.
"""

import argparse
import subprocess
import sys
import time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--linewatch", default="target/dist/linewatch", help="the program (%(default)s)")
    parser.add_argument("--speed", type=float, default=10.0, help="times faster than life (%(default)s)")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (%(default)s)")
    parser.add_argument("--last", type=float, default=20.0, help="minutes at the end that count (%(default)s)")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between readings (%(default)s)")
    parser.add_argument("--limit", type=float, default=1.0, help="most MB/h allowed (%(default)s)")
    parser.add_argument("--http", default="127.0.0.1:0", help="address of the demo's page (%(default)s)")
    return parser.parse_args()


def resident_mb(pid):
    """Resident memory in MB (10^6 bytes); None once the process has gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024 / 1e6
    except FileNotFoundError:
        pass
    return None


def slope_mb_per_h(readings):
    """Least squares through (seconds, MB)."""
    mean_s = sum(at for at, _ in readings) / len(readings)
    mean_mb = sum(mb for _, mb in readings) / len(readings)
    above = sum((at - mean_s) * (mb - mean_mb) for at, mb in readings)
    below = sum((at - mean_s) ** 2 for at, _ in readings)
    return above / below * 3600


def watch(process, every_s):
    """(seconds since the start, MB) until the process ends."""
    began = time.monotonic()
    readings = []
    while process.poll() is None:
        mb = resident_mb(process.pid)
        if mb is not None:
            readings.append((time.monotonic() - began, mb))
            if len(readings) % 12 == 1:
                print(f"{readings[-1][0]:8.0f} s  {mb:8.2f} MB", flush=True)
        time.sleep(every_s)
    return readings


def main():
    want = arguments()
    seconds = round(want.minutes * 60)
    command = [want.linewatch, "demo", "--speed", f"{want.speed:g}", "--for", f"{seconds}s", "--http", want.http]
    print(" ".join(command), flush=True)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        readings = watch(process, want.every)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    counted = [reading for reading in readings if reading[0] >= seconds - want.last * 60]
    if process.returncode != 0 or len(counted) < 10:
        print(f"the demo ended with {process.returncode} after {len(readings)} readings", file=sys.stderr)
        return 1
    slope = slope_mb_per_h(counted)
    print(f"highest {max(mb for _, mb in readings):.1f} MB; over the last {want.last:g} min, {len(counted)} readings:")
    print(f"slope {slope:+.2f} MB/h, allowed {want.limit:g}")
    return 0 if slope <= want.limit else 1


if __name__ == "__main__":
    sys.exit(main())
