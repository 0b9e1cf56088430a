#!/usr/bin/env python3
"""Regions of interest: the run does the same whichever part of it is under the cycle model, and the report says which was."""
import argparse
import json

import harness

BEFORE, WARMING, INSIDE, AFTER = "functional before", "warming", "cycle-accurate", "functional after"

# Options, the parts that must be there, and instructions that the warming must have (of the first hart to get there).
REGIONS = [
    ([], [INSIDE], 0),
    (["--timing-from", "event:user"], [BEFORE, INSIDE], 0),
    (["--timing-from", "event:user", "--timing-warm", "3000"], [BEFORE, WARMING, INSIDE], 3000),
    (["--timing-to", "instret:100000"], [INSIDE, AFTER], 0),
    (["--timing-warm", "2000", "--timing-to", "instret:50000"], [WARMING, INSIDE, AFTER], 2000),
    (["--timing-from", "instret:300000", "--timing-to", "instret:400000"], [BEFORE, INSIDE, AFTER], 0),
    (["--timing-from", "symbol:main", "--timing-to", "symbol:exit"], [BEFORE, INSIDE, AFTER], 0),
    (["--timing-from", "hint:1", "--timing-to", "cycle:3000000"], [BEFORE, INSIDE, AFTER], 0),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("program")
    options = parser.parse_args()
    checks = harness.Checks()

    def run(harts, *more):
        status, out, err, text = harness.run_with_report(
            options.hartbeat, "--timing", "cva6", "--harts", harts, *more, options.program)
        checks.equal(f"{more}: the exit status", status, 0)
        return out, harness.report_of(text, out, err), text

    for harts in (1, 2):
        all_out, whole, _ = run(harts)
        for region, parts, warm in REGIONS:
            out, report, text = run(harts, *region)
            name = f"{' '.join(region) or 'all'}, {harts} harts"
            checks.equal(f"{name}: the output", out, all_out)
            for what in ("copies", "forks"):
                strip = lambda d: json.dumps({k: v for k, v in d.items() if k not in ("cycles", "measured_pages", "changed_bytes")})
                checks.equal(f"{name}: {what}", strip(report["kernel"][what]), strip(whole["kernel"][what]))
            found = {part["part"]: part for part in report["timing"]["parts"]}
            checks.equal(f"{name}: its parts", list(found), parts)
            checks.equal(f"{name}: the parts' instructions are all", sum(p["instret"] for p in found.values()), report["total"]["instret"])
            checks.equal(f"{name}: the parts' cycles are all", sum(p["cycles"] for p in found.values()), report["total"]["cycles"])
            if BEFORE in found and harts == 1:
                checks.hold(found[BEFORE]["cycles"] - found[BEFORE]["instret"] < 1000, f"{name}: one instruction is one cycle before", str(found))
            if warm:
                checks.hold(warm <= found[WARMING]["instret"] <= harts * (warm + 50), f"{name}: it warms for {warm} instructions", str(found))
            if region and region[-1].startswith("instret"):
                limit = int(region[-1].split(":")[1])
                checks.hold(found[INSIDE]["instret"] <= harts * limit, f"{name}: it ends in time", str(found))
            counted = sum(report["total"]["stalls"]["all"].values())
            checks.equal(f"{name}: the causes add up to the cycle-accurate part", counted, found[INSIDE]["cycles"])
            checks.hold(run(harts, *region)[2] == text, f"{name}: twice the same")

    for region, complaint in [
            (["--timing-from", "symbol:no_such_symbol"], "none of the loaded files has this symbol"),
            (["--timing-from", "main"], "expected instret:N"),
            (["--timing-to", "instret:many"], "expected instret:N"),
            (["--timing-from", "event:user", "--set", "timing=none"], "for a cycle model")]:
        status, _, err = harness.run(options.hartbeat, "run", "--machine", "cva6", *region, options.program)
        checks.equal(f"{region}: a mistake has status 2", status, 2)
        checks.hold(complaint in err, f"{region}: the message says why", err)
    checks.end()


if __name__ == "__main__":
    main()
