#!/usr/bin/env python3
"""Whether what was said with probability p happened in a share p of all cases: the reliability diagram and its error.

In: lines `p,happened` (`happened` is 0 or 1; other columns, empty lines and lines that begin with # are left out) from files
or standard input. Out: one object of JSON with the reliability error and every bin, and with --out the diagram as SVG.
The error is the expected calibration error over bins of equal count (Naeini, Cooper & Hauskrecht 2015, AAAI): the mean over
all cases of |mean p - share that happened| of their bin. Equal values of p are never parted, so bins may be larger than
asked for. Standard library only. Exit status 1: the error is not below --most.
"""

import argparse
import json
import math
import sys

# Two-sided 95 % of a normal distribution.
Z = 1.959964
SIDE, LEFT, TOP, FOOT = 360, 62, 46, 96


def read(paths):
    """Every case: (p, whether it happened)."""
    cases = []
    for path in paths or ["-"]:
        file = sys.stdin if path == "-" else open(path)
        for number, line in enumerate(file, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            try:
                p, happened = (float(word) for word in line.split(",")[:2])
            except ValueError:
                sys.exit(f"{path}:{number}: not `p,happened`: {line}")
            if not 0.0 <= p <= 1.0 or happened not in (0.0, 1.0):
                sys.exit(f"{path}:{number}: p is in [0, 1] and happened 0 or 1: {line}")
            cases.append((p, happened))
    return cases


def wilson(happened, count):
    """The 95 % interval of a share (Wilson 1927, JASA 22)."""
    share, slack = happened / count, Z * Z / count
    middle = (share + slack / 2) / (1 + slack)
    half = Z * math.sqrt(share * (1 - share) / count + slack / (4 * count)) / (1 + slack)
    return max(0.0, middle - half), min(1.0, middle + half)


def bins(cases, wanted):
    """Bins of equal count, lowest p first."""
    cases, found, start = sorted(cases), [], 0
    while start < len(cases):
        end = min(len(cases), start + max(1, round((len(cases) - start) / max(1, wanted - len(found)))))
        while end < len(cases) and cases[end][0] == cases[end - 1][0]:
            end += 1
        inside = cases[start:end]
        happened = sum(happened for _, happened in inside)
        low, high = wilson(happened, len(inside))
        found.append(
            {
                "count": len(inside),
                "p": sum(p for p, _ in inside) / len(inside),
                "happened": happened / len(inside),
                "low": low,
                "high": high,
            }
        )
        start = end
    return found


def judge(cases, wanted):
    """The error, the Brier score and the bins."""
    found = bins(cases, wanted)
    error = sum(b["count"] * abs(b["p"] - b["happened"]) for b in found) / len(cases)
    brier = sum((p - happened) ** 2 for p, happened in cases) / len(cases)
    rounded = [{key: value if key == "count" else round(value, 4) for key, value in b.items()} for b in found]
    return {"cases": len(cases), "error": round(error, 4), "brier": round(brier, 4), "bins": rounded}


def svg(verdict, title):
    """The diagram: a disc per bin, its 95 % interval, the diagonal, and how many cases each bin has."""
    at = lambda p, share: (LEFT + SIDE * p, TOP + SIDE * (1 - share))
    width, height = LEFT + SIDE + 28, TOP + SIDE + FOOT
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="20" font-size="15">{escaped(title)}</text>',
        f'<text x="{LEFT}" y="37" fill="#555555">{verdict["cases"]} cases, reliability error {verdict["error"]:.3f}</text>',
        f'<rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#999999"/>',
        f'<path d="M{LEFT} {TOP + SIDE}L{LEFT + SIDE} {TOP}" stroke="#999999" stroke-dasharray="4 4"/>',
    ]
    for tick in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        x, y = at(tick, tick)
        out.append(f'<text x="{x:.1f}" y="{TOP + SIDE + 16}" text-anchor="middle">{tick:.1f}</text>')
        out.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:.1f}</text>')
    most = max(b["count"] for b in verdict["bins"])
    for b in verdict["bins"]:
        x, y = at(b["p"], b["happened"])
        top, bottom = at(0, b["high"])[1], at(0, b["low"])[1]
        bar = 40 * b["count"] / most
        out.append(f'<path d="M{x:.1f} {top:.1f}V{bottom:.1f}" stroke="#1f5fa8" stroke-width="1.5"/>')
        out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#1f5fa8"/>')
        foot = TOP + SIDE + FOOT - 8
        out.append(f'<rect x="{x - 3:.1f}" y="{foot - bar:.1f}" width="6" height="{bar:.1f}" fill="#b8cbe2"/>')
    middle = TOP + SIDE / 2
    out.append(f'<text x="{LEFT + SIDE / 2}" y="{TOP + SIDE + 33}" text-anchor="middle">probability said</text>')
    out.append(f'<text transform="translate(18 {middle}) rotate(-90)" text-anchor="middle">share that happened</text>')
    return "\n".join([*out, "</svg>", ""])


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def self_test():
    """By hand: two bins, |0.2 - 0| and |0.8 - 0.5| with two cases each; equal values stay together; wilson of 5 in 10."""
    verdict = judge([(0.2, 0), (0.2, 0), (0.8, 1), (0.8, 0)], 2)
    assert verdict["error"] == 0.25 and [b["count"] for b in verdict["bins"]] == [2, 2], verdict
    assert [b["count"] for b in bins([(0.0, 0)] * 9 + [(1.0, 1)], 5)] == [9, 1]
    low, high = wilson(5, 10)
    assert abs(low - 0.2366) < 1e-4 and abs(high - 0.7634) < 1e-4, (low, high)
    assert "1.0" in svg(verdict, "a < b") and "a &lt; b" in svg(verdict, "a < b")
    print("1 passed, 0 failed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", help="cases; standard input if none")
    parser.add_argument("--title", default="Reliability")
    parser.add_argument("--bins", type=int, default=10)
    parser.add_argument("--most", type=float, default=0.05, help="the error must be below this (0.05)")
    parser.add_argument("--out", help="the diagram, SVG")
    parser.add_argument("--self-test", action="store_true", help="numbers worked by hand, then stop")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    cases = read(options.files)
    if not cases:
        sys.exit("no cases")
    verdict = judge(cases, options.bins)
    if options.out:
        with open(options.out, "w") as file:
            file.write(svg(verdict, options.title))
    print(json.dumps({"title": options.title, **verdict}))
    return 0 if verdict["error"] < options.most else 1


if __name__ == "__main__":
    sys.exit(main())
