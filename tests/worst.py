"""Where a replay's GOSPA comes from: causes over the whole run, the worst seconds, and the command line that draws each.

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
# A target this young may still be missed, and one gone this long leave a track behind, before anybody is to blame.
YOUNG_S, JUST_GONE_S = 5, 15

Error = collections.namedtuple("Error", "cost at cause words")
Life = collections.namedtuple("Life", "born gone last_at")


def read_truth(path):
    """Second -> true id -> (east, north)."""
    truth = collections.defaultdict(dict)
    with open(path) as file:
        for row in csv.DictReader(file):
            truth[float(row["t"])][row["id"]] = (float(row["x"]), float(row["y"]))
    return truth


def read_tracks(path):
    """Second -> track id -> (east, north, whether it coasts)."""
    tracks = collections.defaultdict(dict)
    with open(path) as file:
        for row in map(json.loads, file):
            when = datetime.datetime.fromisoformat(row["time"].replace("Z", "+00:00")).timestamp() - EPOCH_S
            tracks[when][row["track"]] = (row["east_m"], row["north_m"], row.get("status") == "coasting")
    return tracks


def lives(truth):
    """True id -> when and where its life began and ended."""
    found = {}
    for second in sorted(truth):
        for name, at in truth[second].items():
            found[name] = Life(found[name].born if name in found else second, second, at)
    return found


def errors(second, truth, tracks, alive, cut_m):
    """Every error of one second: what it costs, where, why, and in words."""
    names, numbers = list(truth), list(tracks)
    at = numpy.array([truth[name] for name in names]).reshape(-1, 2)
    seen = numpy.array([tracks[number][:2] for number in numbers]).reshape(-1, 2)
    apart = numpy.hypot(*(at[:, None, :] - seen[None, :, :]).transpose(2, 0, 1))
    pairs = [(r, c) for r, c in zip(*linear_sum_assignment(numpy.minimum(apart, cut_m) ** 2)) if apart[r, c] < cut_m]
    for r, c in pairs:
        size = "large" if apart[r, c] > cut_m / 2 else "middling" if apart[r, c] > cut_m / 5 else "small"
        words = f"{names[r]} by track {numbers[c]}, {apart[r, c]:.0f} m off"
        yield Error(apart[r, c] ** 2, truth[names[r]], f"{size} error of place", words)
    for r in sorted(set(range(len(names))) - {r for r, _ in pairs}):
        yield missed(second, names[r], truth[names[r]], alive, dict(zip(numbers, apart[r])), cut_m)
    for c in sorted(set(range(len(numbers))) - {c for _, c in pairs}):
        yield false(second, numbers[c], tracks[numbers[c]], alive, dict(zip(names, apart[:, c])), cut_m)


def missed(second, name, at, alive, apart, cut_m):
    age_s = second - alive[name].born
    words = f"{name} missed, alive for {age_s:.0f} s"
    near = min(apart, key=apart.get, default=None)
    if near is not None and apart[near] < 3 * cut_m:
        words += f", track {near} {apart[near]:.0f} m off"
    return Error(cut_m**2 / 2, at, "missed when new" if age_s < YOUNG_S else "missed later", words)


def false(second, number, track, alive, apart, cut_m):
    words = f"track {number} false" + (", coasting" if track[2] else "")
    left = [
        (math.dist(life.last_at, track[:2]), name, second - life.gone)
        for name, life in alive.items()
        if 0 < second - life.gone <= JUST_GONE_S and math.dist(life.last_at, track[:2]) < 3 * cut_m
    ]
    near = min(apart, key=apart.get, default=None)
    cause = "false elsewhere"
    if left:
        cause, words = "false, target just gone", words + f", {min(left)[1]} is gone for {min(left)[2]:.0f} s"
    elif near is not None and apart[near] < 3 * cut_m:
        cause, words = "false beside a target", words + f", {apart[near]:.0f} m from {near}"
    return Error(cut_m**2 / 2, track[:2], cause, words)


def worst(scored, count, apart_s, after_s):
    """The seconds of greatest GOSPA, `apart_s` apart: (GOSPA, second, errors)."""
    chosen = []
    for second in sorted(scored, key=lambda second: (-sum(error.cost for error in scored[second]), second)):
        if len(chosen) == count:
            break
        if second >= after_s and scored[second] and all(abs(second - other) >= apart_s for _, other, _ in chosen):
            chosen.append((math.sqrt(sum(error.cost for error in scored[second])), second, scored[second]))
    return chosen


def place(found, radius_m):
    """Where most of a second's error lies: about the error with the greatest sum within the radius."""
    return max((error.at for error in found), key=lambda at: sum(e.cost for e in found if math.dist(e.at, at) <= radius_m))


def lines(linewatch, folder, cut_m, count, apart_s, after_s):
    """What to print: the causes, then for each of the worst seconds its errors and how to see it."""
    truth, tracks = read_truth(folder / "truth.csv"), read_tracks(folder / "tracks.jsonl")
    alive = lives(truth)
    scored = {s: list(errors(s, truth[s], tracks.get(s, {}), alive, cut_m)) for s in sorted(truth)}
    causes, times = collections.Counter(), collections.Counter()
    for error in (error for found in scored.values() for error in found):
        causes[error.cause] += error.cost
        times[error.cause] += 1
    total = sum(causes.values()) or 1
    yield "of GOSPA squared, over all seconds:"
    yield from (f"  {cost / total:6.1%}  {cause}, {times[cause]} times" for cause, cost in causes.most_common())
    radius_m = 2.5 * cut_m
    for rank, (gospa, second, found) in enumerate(worst(scored, count, apart_s, after_s), 1):
        shares = collections.Counter()
        for error in found:
            shares[error.cause] += error.cost / gospa**2
        shown = ", ".join(f"{cause} {share:.0%}" for cause, share in shares.most_common() if share >= 0.005)
        yield f"{rank:2}. second {second:g}: GOSPA {gospa:.1f} m: {shown}"
        for error in sorted(found, key=lambda error: -error.cost)[:6]:
            yield f"      {error.words} at {error.at[0]:.0f},{error.at[1]:.0f}"
        east_m, north_m = place(found, radius_m)
        command = [linewatch, "replay", folder / "recording.jsonl", "--config", folder / "linewatch.toml"]
        command += ["--plot", folder / f"worst-{rank}.svg", "--truth", folder / "truth.csv"]
        command += ["--plot-from", f"{max(second - 20, 0):g}", "--plot-to", f"{second:g}"]
        command += ["--plot-around", f"{east_m:.0f},{north_m:.0f},{1.5 * radius_m:.0f}"]
        yield "    " + " ".join(map(str, command))
