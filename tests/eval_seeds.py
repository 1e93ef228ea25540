"""Ten seeds against the known-association reference, and the variants in which the configuration is wrong.

In: the program and ../shared/eval. Out: one table `what | figure | required | met`. `tests/eval --seeds 10` runs it; it
knows nothing of the single-seed table there. Every scenario, reference and score is kept in the output folder and made
once; replays are made anew.
"""

import collections
import csv
import datetime
import json
import math
import subprocess
import sys

import numpy as np
from scipy.spatial import cKDTree

EPOCH_S = 1767225600.0
# The default seed of scenario.py, then small numbers: the first is the one others were measured on.
DEFAULT_SEED = 20240611
# Stone Soup's completeness on the default seed (baselines.md).
COMPLETENESS_OF_OTHERS = {10: 0.964, 100: 0.992}
MOST_GOSPA_RATIO = {10: 1.10, 100: 1.08}
# 95 % of a two-dimensional Gaussian lies inside this squared distance.
CHI2_2_95 = 5.991
CONFIRM, MISS, WITHIN_M = 3, 2, 100.0
# Whose configuration --told-clutter and --told-sigma-scale spoil.
RADARS = {"R1", "R2", "R3"}
# Options of scenario.py for each variant, and which it is compared with.
VARIANTS = {
    "plain": [],
    "heading bias 2°": ["--heading-bias-deg", "2"],
    "clock offset C1 1 s": ["--clock-offset", "C1=1"],
    "range bias 80 m": ["--range-bias-m", "80"],
    "shadow": ["--shadow"],
    "shadow without S1": ["--shadow", "--drop", "S1"],
    "shadow untold": ["--shadow-untold"],
    "told clutter × ¼": ["--told-clutter", "5"],
    "told clutter × 4": ["--told-clutter", "80"],
    "told σ × 0.5": ["--told-sigma-scale", "0.5"],
    "told σ × 2": ["--told-sigma-scale", "2"],
}


class Bench:
    """Where things are, and what makes them."""

    def __init__(self, linewatch, shared, out):
        self.linewatch, self.tools, self.out = linewatch, shared / "eval", out

    def run(self, *command):
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}: ended with {done.returncode}")
        return done.stdout.decode()

    def python(self, tool, *arguments):
        return self.run(sys.executable, self.tools / tool, *arguments)

    def scenario(self, targets, seed, variant):
        """The folder of one scenario, made if it is not there."""
        options = VARIANTS[variant]
        folder = self.out / "seeds" / f"{targets}-{seed}{''.join(options)}"
        if not (folder / "agreement.toml").exists():
            folder.mkdir(parents=True, exist_ok=True)
            self.python("scenario.py", targets, folder, "--seed", seed, *options)
        return folder

    def replay(self, folder):
        """The replay's summary; the tracks are beside the recording."""
        recording, config = folder / "recording.jsonl", folder / "linewatch.toml"
        outputs = ["--tracks", folder / "tracks.jsonl", "--json"]
        return json.loads(self.run(self.linewatch, "replay", recording, "--config", config, *outputs))

    def score(self, folder, *options, tracks="tracks.jsonl"):
        words = ["score_tracks.py", folder / "truth.csv", folder / tracks, *options, "--json"]
        return json.loads(self.python(*words))

    def reference(self, folder):
        """The score of the tracker that is told which detection is whose."""
        kept = folder / "reference.score.json"
        if not kept.exists():
            self.python("bound.py", folder, folder / "reference.jsonl")
            score = self.score(folder, tracks="reference.jsonl")
            score["delays"] = delays(folder, "reference.jsonl", score)
            kept.write_text(json.dumps(score))
        return json.loads(kept.read_text())


def read_truth(folder):
    """Per whole second, the targets alive: id to east, north, and velocity."""
    truth = collections.defaultdict(dict)
    with open(folder / "truth.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            truth[float(row["t"])][row["id"]] = tuple(float(row[key]) for key in ("x", "y", "vx", "vy"))
    return truth


def read_tracks(folder, name):
    """Per whole second, the tracks then: id to the row, with `x`, `y` in metres."""
    tracks = collections.defaultdict(dict)
    with open(folder / name, encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if "time" in row:
                at = datetime.datetime.fromisoformat(row["time"].replace("Z", "+00:00")).timestamp() - EPOCH_S
                row |= {"t": at, "track_id": row["track"], "x": row["east_m"], "y": row["north_m"]}
            tracks[float(row["t"])][row["track_id"]] = row
    return tracks


def nearest_truths(truth, tracks):
    """Per second, each track's nearest target within reach, or nothing."""
    for at in sorted(truth):
        ids, rows = list(truth[at]), tracks.get(at, {})
        if not ids or not rows:
            yield at, dict.fromkeys(rows)
            continue
        places = np.array([truth[at][target][:2] for target in ids])
        queries = np.array([(row["x"], row["y"]) for row in rows.values()])
        distances, found = cKDTree(places).query(queries, distance_upper_bound=WITHIN_M)
        pairs = zip(rows, distances, found)
        yield at, {track: ids[k] if d < WITHIN_M else None for track, d, k in pairs}


def first_associations(seen, first):
    """Enters when each target was first associated with a track that saw `seen`: (second, nearest target) in order.

    The scorer's own rule, step by step: three in a row confirm, from the first of them on; two misses end.
    """
    current = candidate = since = None
    run = misses = 0
    for at, target in seen:
        if current is None:
            if target is None:
                candidate, run, since = None, 0, None
            elif target != candidate:
                candidate, run, since = target, 1, at
            else:
                run += 1
            if run < CONFIRM:
                continue
            current, begun = target, since
            candidate, run, since = None, 0, None
        elif target == current:
            misses = 0
            continue
        else:
            misses += 1
            if target is not None and target == candidate:
                run += 1
            else:
                candidate, run, since = target, 1, at
            if misses < MISS:
                continue
            if run < CONFIRM:
                current = None
                continue
            current, begun = candidate, since
        first[current] = min(first.get(current, math.inf), begun)


def delays(folder, name, score):
    """Per target, seconds from birth to its first association; one that was never tracked counts its lifetime."""
    truth, tracks = read_truth(folder), read_tracks(folder, name)
    born, last, first = {}, {}, {}
    for at in sorted(truth):
        for target in truth[at]:
            born.setdefault(target, at)
            last[target] = at
    seen = collections.defaultdict(list)
    for at, near in nearest_truths(truth, tracks):
        for track, target in near.items():
            seen[track].append((at, target))
    for steps in seen.values():
        first_associations(steps, first)
    tracked = [first[target] - born[target] for target in born if target in first]
    if tracked and abs(np.mean(tracked) - score["init_delay_mean_s"]) > 1e-6:
        sys.exit(f"{folder.name}/{name}: a mean delay of {np.mean(tracked)} s, but {score['init_delay_mean_s']} s to the scorer")
    return [first.get(target, last[target]) - born[target] for target in born]


def share_of_coasting_inside(folder):
    """How often a coasting track's 95 % ellipse holds the target that the track followed before."""
    truth, tracks = read_truth(folder), read_tracks(folder, "tracks.jsonl")
    followed, inside, all_of_them = {}, 0, 0
    for at, near in nearest_truths(truth, tracks):
        for track, row in tracks.get(at, {}).items():
            if row.get("status") != "coasting":
                if near.get(track) is not None:
                    followed[track] = near[track]
                continue
            place = truth[at].get(followed.get(track))
            if place is None:
                continue
            cov = np.array(row["cov"]).reshape(4, 4)[:2, :2]
            error = np.array([row["x"] - place[0], row["y"] - place[1]])
            inside += float(error @ np.linalg.solve(cov, error)) <= CHI2_2_95
            all_of_them += 1
    return (inside / all_of_them if all_of_them else math.nan), all_of_them


class Table:
    """Rows `what | figure | required | met`."""

    def __init__(self):
        self.unmet = 0
        print("| what | figure | required | met |\n| --- | --- | --- | --- |", flush=True)

    def row(self, what, figure, required, met):
        word = {True: "yes", False: "**no**", None: "–"}[met]
        self.unmet += met is False
        print(f"| {what} | {figure} | {required} | {word} |", flush=True)

    def at_most(self, what, value, most, required=None, digits=3):
        shown = "not published" if value is None else f"{value:.{digits}f}"
        self.row(what, shown, required or f"≤ {most:g}", value is not None and bool(value <= most))


def against_reference(bench, table, targets, seeds):
    """All seeds of one density, summed."""
    ours, its = [], []
    for seed in seeds:
        folder = bench.scenario(targets, seed, "plain")
        its.append(bench.reference(folder))
        bench.replay(folder)
        score = bench.score(folder)
        score["delays"] = delays(folder, "tracks.jsonl", score)
        ours.append(score)
    name = f"N {targets}, {len(seeds)} seeds"
    total = lambda scores, key: sum(score[key] for score in scores)
    ratio = total(ours, "gospa_mean") / total(its, "gospa_mean")
    each = [mine["gospa_mean"] / reference["gospa_mean"] for mine, reference in zip(ours, its)]
    table.at_most(f"{name}: GOSPA over the reference's", ratio, MOST_GOSPA_RATIO[targets])
    table.row(f"{name}: the same, least and most of a seed", f"{min(each):.3f} … {max(each):.3f}", "", None)
    parts = [f"{part} {total(ours, key) / total(its, key):.2f}" for part, key in
             (("location", "gospa_loc2_mean"), ("missed", "gospa_missed2_mean"), ("false", "gospa_false2_mean")) if total(its, key) > 0]
    table.row(f"{name}: GOSPA² parts over the reference's", ", ".join(parts), "", None)
    most = 1.5 * total(its, "id_switches") + 5
    table.at_most(f"{name}: switches", total(ours, "id_switches"), most, f"≤ 1.5 × {total(its, 'id_switches')} + 5", 0)
    delay, reference = (float(np.mean(sum((score["delays"] for score in scores), []))) for scores in (ours, its))
    most = max(1.3 * reference, reference + 0.3)
    table.at_most(f"{name}: initiation delay, s", delay, most, f"≤ {most:.2f} (reference {reference:.2f})", 2)
    table.row(f"{name}: targets never tracked", total(ours, "truths_never_tracked"), f"reference {total(its, 'truths_never_tracked')}", None)
    table.at_most(f"{name}: tracks unassigned ≥ 10 s", total(ours, "tracks_false_10s"), 0, digits=0)
    completeness = ours[0]["siap_completeness"]
    if seeds[0] == DEFAULT_SEED:
        least = COMPLETENESS_OF_OTHERS[targets]
        table.row(f"N {targets}, seed {DEFAULT_SEED}: completeness", f"{completeness:.3f}", f"≥ {least}", completeness >= least)
    samples = total(ours, "nees_samples")
    pooled = lambda key: sum(score[key] * score["nees_samples"] for score in ours) / samples
    nees, above = pooled("nees_over_4"), pooled("nees_above_99")
    table.row(f"{name}: NEES/4", f"{nees:.3f}", "0.5 … 1.5", 0.5 <= nees <= 1.5)
    table.row(f"{name}: NEES above χ²₄(0.99)", f"{above:.3f}", "≤ 0.05", above <= 0.05 if targets == 100 else None)


def scores_of(bench, targets, seeds, variant, *options):
    """Every seed of one variant: scores, and the replays' summaries."""
    scores, summaries = [], []
    for seed in seeds:
        folder = bench.scenario(targets, seed, variant)
        summaries.append(bench.replay(folder))
        scores.append(bench.score(folder, *options))
    return scores, summaries


def summed(scores, key):
    return sum(score[key] for score in scores)


def published_bias(summary, sensor, axis):
    """What a replay's summary says of a sensor's bias, if it says anything."""
    return summary.get("sensors", {}).get(sensor, {}).get("bias", {}).get(axis, {}).get("value")


def faulty(summary):
    """The sensors that a replay's summary says are not as configured."""
    return [sensor for sensor, health in summary.get("sensors", {}).items() if health.get("faults")]


def biased(bench, table, targets, seeds):
    """Registration: after two minutes a biased sensor must do little harm, and its bias be known."""
    plain, _ = scores_of(bench, targets, seeds, "plain", "--t0", "120")
    rows = [
        ("heading bias 2°", "R2", "azimuth_deg", 2.0, 0.3),
        ("clock offset C1 1 s", "C1", "clock_s", 1.0, 0.2),
        ("range bias 80 m", "R2", "range_m", 80.0, 15.0),
    ]
    for variant, sensor, axis, true, within in rows:
        scores, summaries = scores_of(bench, targets, seeds, variant, "--t0", "120")
        name = f"{variant}, N {targets}, from 120 s"
        table.at_most(f"{name}: GOSPA over the unbiased run's", summed(scores, "gospa_mean") / summed(plain, "gospa_mean"), 1.15)
        found = [published_bias(summary, sensor, axis) for summary in summaries]
        error = None if None in found else max(abs(value - true) for value in found)
        table.at_most(f"{name}: error of the bias found, worst of {len(seeds)}", error, within)
        lasting, before = (summed(group, "tracks_false_10s") for group in (scores, plain))
        table.at_most(f"{name}: tracks unassigned ≥ 10 s", lasting, before, digits=0)
        copies = f"{summed(scores, 'duplicate_steps')} (unbiased {summed(plain, 'duplicate_steps')})"
        table.row(f"{name}: duplicate track-seconds", copies, "", None)


def shadowed(bench, table, targets, seeds):
    """Where no radar sees, late satellite positions must hold the picture together."""
    missed = {}
    for variant in ("shadow", "shadow without S1", "shadow untold"):
        missed[variant] = total = 0
        for seed in seeds:
            folder = bench.scenario(targets, seed, variant)
            bench.replay(folder)
            total += bench.score(folder, "--c", "300", "--north-of", folder / "scenario.json")["missed_truth_steps"]
        missed[variant] = total
    ratio = missed["shadow"] / missed["shadow without S1"]
    table.at_most(f"shadow, N {targets}: truth-steps missed over those without S1", ratio, 0.65)
    shares = [share_of_coasting_inside(bench.scenario(targets, seed, "shadow")) for seed in seeds]
    count = sum(n for _, n in shares)
    share = sum(value * n for value, n in shares if n) / count if count else math.nan
    table.row(f"shadow, N {targets}: coasting tracks whose 95 % ellipse holds the truth", f"{share:.3f} of {count}", "≥ 0.9", share >= 0.9)
    untold = missed["shadow untold"] / missed["shadow"]
    table.row(f"shadow untold, N {targets}: truth-steps missed over the told's", f"{untold:.3f}", "degrades, does not break", None)


def misconfigured(bench, table, targets, seeds):
    """What the configuration says of a sensor is wrong."""
    plain, summaries = scores_of(bench, targets, seeds, "plain")
    accused = sum(len(faulty(summary)) for summary in summaries)
    table.at_most(f"told truly, N {targets}: sensors said to be faulty", accused, 0, digits=0)
    for variant in ("told clutter × ¼", "told clutter × 4", "told σ × 0.5", "told σ × 2"):
        scores, summaries = scores_of(bench, targets, seeds, variant)
        ratio = summed(scores, "gospa_mean") / summed(plain, "gospa_mean")
        table.at_most(f"{variant}, N {targets}: GOSPA over that told truly", ratio, 1.15)
        reported = [RADARS <= set(faulty(summary)) for summary in summaries]
        figure = f"in {sum(reported)} of {len(reported)}"
        table.row(f"{variant}, N {targets}: all radars reported as faulty", figure, "all", all(reported))


def compare(linewatch, shared, out, count, variant_count, densities):
    """Prints the table; the number of figures not met."""
    bench, table = Bench(linewatch, shared, out), Table()
    seeds = [DEFAULT_SEED, *range(1, count)]
    for targets in densities:
        against_reference(bench, table, targets, seeds)
    few = seeds[:variant_count]
    if few and 100 in densities:
        biased(bench, table, 100, few)
        shadowed(bench, table, 100, few)
        misconfigured(bench, table, 100, few)
    return table.unmet
