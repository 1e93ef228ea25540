"""One program that holds every mutant behind a switch.

In: sources, and for each mutant the sources as its patch leaves them. Out: sources in which every function that a patch
changes begins with `if crate::mutant::is(N) { return { its body by patch N }; }`. So all mutants cost one build, and the
program without a switch is the unbroken one. Only functions can be changed so: the sources are rustfmt's, by whose
indentation a function's first and last lines are found.
"""

import difflib
import re

FUNCTION = re.compile(r"(\s*)(?:pub(?:\([^)]*\))? )?(?:async )?fn \w+")
SWITCH = """//! Which mutant this process is: none, unless `LINEWATCH_MUTANT` says so.

use std::sync::OnceLock;

/// Whether it is this one.
pub fn is(number: u32) -> bool {
    static WANTED: OnceLock<Option<u32>> = OnceLock::new();
    *WANTED.get_or_init(|| std::env::var("LINEWATCH_MUTANT").ok()?.parse().ok()) == Some(number)
}
"""


class NoFunction(Exception):
    """A patch changes something that is in no function."""


def functions(lines):
    """(line of `fn`, first line of the body, line of its closing brace) of every function with a body."""
    for at, line in enumerate(lines):
        found = FUNCTION.match(line)
        if not found or line.rstrip().endswith((";", "}")):
            continue
        indent, opens = found[1], at
        while not lines[opens].rstrip().endswith("{"):
            opens += 1
            rest = lines[opens]
            # The rest of a signature stands deeper, or begins with its bracket, `where` or brace.
            if not rest.startswith(indent) or rest[len(indent)] not in " ){w" or rest.rstrip().endswith(";"):
                opens = None
                break
        if opens is None:
            continue
        closes = next(n for n in range(opens + 1, len(lines)) if lines[n].rstrip("\n") == indent + "}")
        yield at, opens + 1, closes


def around(spans, line):
    """The innermost function with this line in its body."""
    inside = [span for span in spans if span[1] <= line <= span[2]]
    if not inside:
        raise NoFunction(f"line {line + 1} is in no function")
    return max(inside)


def changed(old, new):
    """For each function of `old` that differs in `new`: its span, and the lines of the body it has there."""
    of_old, of_new = list(functions(old)), list(functions(new))
    bodies = {}
    for kind, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        span, other = around(of_old, i1), around(of_new, j1)
        if i2 > span[2] + 1 or j2 > other[2] + 1 or old[span[0] : span[1]] != new[other[0] : other[1]]:
            raise NoFunction(f"line {i1 + 1}: more than one function's body is changed")
        bodies[span] = new[other[1] : other[2]]
    return bodies


def combined(old, mutants):
    """`old` with the bodies of all mutants: (number, name, lines of the file by that mutant)."""
    inserts = {}
    for number, name, new in mutants:
        for (_, begins, _), body in changed(old, new).items():
            indent = re.match(r"\s*", old[begins - 1])[0]
            # A signature that ends on a line of its own is indented like its `fn`.
            head = f"{indent}    if crate::mutant::is({number}) {{ return {{ // mutant {name}\n"
            inserts.setdefault(begins, []).extend([head, *body, f"{indent}    }}; }} // end of mutant\n"])
    lines = []
    for at, line in enumerate(old):
        lines.extend(inserts.get(at, []))
        lines.append(line)
    return lines


def mutant_at(lines, line):
    """Whose body a line (counted from 1) of combined sources is in; for what a compiler complains of."""
    name = None
    for text in lines[:line]:
        if found := re.search(r"// mutant (\w+)$", text):
            name = found[1]
        elif text.rstrip().endswith("// end of mutant"):
            name = None
    return name
