"""The worst moments of a scored replay: when, where, what is wrong, and the command line that draws each.

In: the truth, the tracks of `replay --tracks`, and GOSPA's cut-off. GOSPA is the scorer's: p = 2, alpha = 2, one optimal
assignment a second; what is missed or false costs half the cut-off squared, a pair its squared distance.
"""

import collections
import csv
import datetime
import json
import math

import numpy
from scipy.optimize import linear_sum_assignment

EPOCH_S = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc).timestamp()


def read_truth(path):
    """Second -> true id -> (east, north)."""
    truth = collections.defaultdict(dict)
    with open(path) as file:
        for row in csv.DictReader(file):
            truth[float(row["t"])][row["id"]] = (float(row["x"]), float(row["y"]))
    return truth


def read_tracks(path):
    """Second -> track id -> (east, north)."""
    tracks = collections.defaultdict(dict)
    with open(path) as file:
        for row in map(json.loads, file):
            when = datetime.datetime.fromisoformat(row["time"].replace("Z", "+00:00")).timestamp() - EPOCH_S
            tracks[when][row["track"]] = (row["east_m"], row["north_m"], row.get("status") == "coasting")
    return tracks


def errors(truth, tracks, cut_m):
    """Every error of one second: (cost, place, words). The words name who is missed, false, doubled or off."""
    true_ids, track_ids = list(truth), list(tracks)
    found = []
    pairs = []
    if true_ids and track_ids:
        at = numpy.array([truth[i] for i in true_ids])
        seen = numpy.array([tracks[i][:2] for i in track_ids])
        apart = numpy.hypot(*(at[:, None, :] - seen[None, :, :]).transpose(2, 0, 1))
        rows, columns = linear_sum_assignment(numpy.minimum(apart, cut_m) ** 2)
        pairs = [(r, c) for r, c in zip(rows, columns) if apart[r, c] < cut_m]
        for r, c in pairs:
            found.append((apart[r, c] ** 2, tuple(at[r]), f"{true_ids[r]} by track {track_ids[c]}, {apart[r, c]:.0f} m off"))
    missed = set(range(len(true_ids))) - {r for r, _ in pairs}
    spare = set(range(len(track_ids))) - {c for _, c in pairs}
    for r in sorted(missed):
        near = min((apart[r, c], track_ids[c]) for c in range(len(track_ids))) if track_ids else (math.inf, "-")
        words = f"{true_ids[r]} missed" + (f" (track {near[1]} {near[0]:.0f} m off)" if near[0] < 3 * cut_m else "")
        found.append((cut_m**2 / 2, truth[true_ids[r]], words))
    for c in sorted(spare):
        words = f"track {track_ids[c]} false" + (", coasting" if tracks[track_ids[c]][2] else "")
        near = min((apart[r, c], true_ids[r]) for r in range(len(true_ids))) if true_ids else (math.inf, "-")
        if near[0] < cut_m:
            words += f" (double of {near[1]}, {near[0]:.0f} m)"
        elif near[0] < 3 * cut_m:
            words += f" ({near[0]:.0f} m from {near[1]})"
        found.append((cut_m**2 / 2, tracks[track_ids[c]][:2], words))
    return found


def worst(truth, tracks, cut_m, count=10, apart_s=5.0, after_s=0.0):
    """The seconds of greatest GOSPA, `apart_s` apart: (GOSPA, second, errors)."""
    seconds = sorted(second for second in truth if second >= after_s)
    scored = [(second, errors(truth[second], tracks.get(second, {}), cut_m)) for second in seconds]
    scored = [(math.sqrt(sum(cost for cost, _, _ in all_of)), second, all_of) for second, all_of in scored]
    chosen = []
    for gospa, second, all_of in sorted(scored, key=lambda row: (-row[0], row[1])):
        if len(chosen) < count and all(abs(second - other) >= apart_s for _, other, _ in chosen):
            chosen.append((gospa, second, all_of))
    return chosen


def place(all_of, radius_m):
    """Where most of the error lies: the error with the greatest sum of errors within the radius; and what is there."""
    def near(middle):
        return [error for error in all_of if math.dist(error[1], middle) <= radius_m]

    middle = max((error[1] for error in all_of), key=lambda at: sum(cost for cost, _, _ in near(at)))
    here = sorted(near(middle), key=lambda error: -error[0])
    return middle, here


def lines(linewatch, folder, cut_m, count, apart_s, after_s):
    """What to print: for each of the worst seconds its figures, and how to see it."""
    truth, tracks = read_truth(folder / "truth.csv"), read_tracks(folder / "tracks.jsonl")
    radius_m = 4 * cut_m
    for rank, (gospa, second, all_of) in enumerate(worst(truth, tracks, cut_m, count, apart_s, after_s), 1):
        if not all_of:
            continue
        kinds = collections.Counter()
        for cost, _, words in all_of:
            kinds["missed" if " missed" in words else "false" if " false" in words else "matched"] += cost
        shares = ", ".join(f"{kind} {cost / gospa**2:.0%}" for kind, cost in kinds.most_common())
        (east_m, north_m), here = place(all_of, radius_m)
        yield f"{rank:2}. second {second:g}: GOSPA {gospa:.1f} m ({shares}); most at {east_m:.0f},{north_m:.0f}:"
        yield from (f"      {words}" for _, _, words in here[:6])
        command = [linewatch, "replay", folder / "recording.jsonl", "--config", folder / "linewatch.toml"]
        command += ["--plot", folder / f"worst-{rank}.svg", "--truth", folder / "truth.csv"]
        command += ["--plot-from", f"{max(second - 20, 0):g}", "--plot-to", f"{second:g}"]
        command += ["--plot-around", f"{east_m:.0f},{north_m:.0f},{1.5 * radius_m:.0f}"]
        yield "    " + " ".join(map(str, command))
