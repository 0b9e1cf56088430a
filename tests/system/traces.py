#!/usr/bin/env python3
"""One recording holds every view: each trace exported from a recording is, byte for byte, the one written live; each
format keeps its grammar, by readers that are not ours where Debian has them; filters, damage and full disks behave."""
import argparse
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

FORMATS = ["spike", "text", "rvfi", "perfetto", "callgrind", "folded", "folded-instructions", "folded-tlb-misses",
           "folded-faults", "folded-copies"]
MODELLED = ["kanata", "rtl"]
failures = []


def check(holds, what):
    if not holds:
        failures.append(what)
        print(f"FAILED: {what}", flush=True)


def run(*command, status=0):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=280)
    error = done.stderr.decode(errors="replace")
    check(done.returncode == status, f"{' '.join(command)}: status {done.returncode}, expected {status}\n{error}")
    return error


def read(path):
    with open(path, "rb") as file:
        return file.read()


def spike(text):
    line = re.compile(rb"core +\d+: [013] 0x[0-9a-f]{16} \(0x([0-9a-f]{4}|[0-9a-f]{8})\)"
                      rb"(?: (?:[xf]\d+ +|c\d+_\w+ )0x[0-9a-f]{16})*(?: mem 0x[0-9a-f]{16}(?: 0x[0-9a-f]+)?)*")
    return sum(1 for l in text.splitlines() if line.fullmatch(l) or check(False, f"spike: {l}"))


def text_trace(text):
    instructions = 0
    shape = re.compile(r" *\d+ h\d+ [USM] \S* 0x[0-9a-f]+ \S[^!]*?(: .+|! (trap|return|walk|fence|ipi|tracepoint) ?.*)")
    for line in text.decode().splitlines():
        if line.startswith("#"):
            continue
        found = shape.fullmatch(line)
        check(found is not None, f"text: {line}")
        instructions += found is not None and found.group(1).startswith(":")
    return instructions


def rvfi(text):
    """Instructions; each hart's records are in order and follow one another."""
    orders, next_pc, instructions = collections.Counter(), {}, 0
    for line in text.splitlines():
        record = json.loads(line)
        hart = record["hart"]
        check(record["order"] == orders[hart], f"rvfi: order of {line}")
        orders[hart] += 1
        if not record["trap"]:
            instructions += 1
            if hart in next_pc and not record["intr"]:
                check(record["pc_rdata"] == next_pc[hart], f"rvfi: {line} does not follow {next_pc[hart]}")
            next_pc[hart] = record["pc_wdata"]
            for source in ("rs1", "rs2"):
                check(record[source + "_addr"] != 0 or int(record[source + "_rdata"], 16) == 0, f"rvfi: x0 in {line}")
        else:
            next_pc.pop(hart, None)
    return instructions


def perfetto(text):
    """Spans are closed, on each track the last one opened first, and flows have two ends."""
    open_spans, flows, waits = collections.defaultdict(list), collections.Counter(), collections.Counter()
    events = json.loads(text)["traceEvents"]
    for event in events:
        track = (event["pid"], event["tid"])
        if event["ph"] == "B":
            check(event["name"] != "", "perfetto: a span without a name")
            open_spans[track].append(event)
        elif event["ph"] == "E":
            check(open_spans[track] != [], f"perfetto: {event} ends nothing")
            if open_spans[track]:
                begin = open_spans[track].pop()
                check(event["ts"] >= begin["ts"], f"perfetto: {begin} ends before it begins")
        elif event["ph"] in "be":  # asynchronous: by their ids
            waits[event["cat"], event["id"]] += 1 if event["ph"] == "b" else -1
            check(waits[event["cat"], event["id"]] in (0, 1), f"perfetto: {event} ends nothing, or is there twice")
        elif event["ph"] in "sf":
            flows[event["id"], event["ph"]] += 1
        else:
            check(event["ph"] in "XMiC", f"perfetto: {event}")
    check(all(not spans for spans in open_spans.values()) and not any(waits.values()), "perfetto: a span is left open")
    ends = sum(1 for _, phase in flows if phase == "f")
    check(all((number, "s") in flows for number, phase in flows if phase == "f"), "perfetto: a flow without a beginning")
    return events, ends


def folded(text):
    total = 0
    for line in text.decode().splitlines():
        stack, count = line.rsplit(" ", 1)
        check(all(stack.split(";")) and int(count) > 0, f"folded: {line}")
        total += int(count)
    return total


def callgrind(text, path):
    """The summary is the sum of the lines' own costs; callgrind_annotate reads it and agrees."""
    summary, own, after_calls = None, None, False
    for line in text.decode().splitlines():
        if line.startswith("summary:"):
            summary = [int(n) for n in line.split()[1:]]
            own = [0] * len(summary)
        elif line.startswith("calls="):
            after_calls = True
        elif re.match(r"\d", line):
            if not after_calls:
                own = [a + int(b) for a, b in zip(own, line.split()[1:])]
            after_calls = False
    check(summary == own, f"callgrind: the lines add up to {own}, not to {summary}")
    annotate = shutil.which("callgrind_annotate")
    if annotate:
        done = subprocess.run([annotate, "--auto=no", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        output = done.stdout.decode(errors="replace")
        check(done.returncode == 0 and "PROGRAM TOTALS" in output, f"callgrind_annotate: {output}{done.stderr.decode()}")
        totals = re.search(r"^([\d,]+).*PROGRAM TOTALS", output, re.M)
        check(totals and int(totals.group(1).replace(",", "")) == summary[0], "callgrind_annotate: another total")
    else:
        print("SKIP: no callgrind_annotate (Debian package valgrind)")
    return summary


def kanata(text):
    """Konata's rules: a header, an I before what is about it, stages that end, one retirement each."""
    lines = text.decode().splitlines()
    check(lines[0] == "Kanata\t0004" and lines[1].startswith("C=\t"), "kanata: header")
    living, stages, retired, now = {}, collections.Counter(), set(), 0
    for line in lines[2:]:
        word = line.split("\t")
        if word[0] == "C":
            check(int(word[1]) > 0, f"kanata: {line}")
            now += int(word[1])
            continue
        number = int(word[1])
        if word[0] == "I":
            check(number not in living, f"kanata: twice: {line}")
            living[number] = now
            continue
        check(number in living and (number not in retired or word[0] == "L"), f"kanata: {line}")
        if word[0] == "S":
            stages[number, word[2], word[3]] += 1
            check(word[3] != "Is" or living[number] == now, f"kanata: issued at another cycle than told, {now}: {line}")
        elif word[0] == "E":
            stages[number, word[2], word[3]] -= 1
            check(stages[number, word[2], word[3]] >= 0, f"kanata: ends nothing: {line}")
        elif word[0] == "R":
            retired.add(number)
        else:
            check(word[0] == "L", f"kanata: {line}")
    return sum(1 for line in lines if line.startswith("R\t") and line.endswith("\t0")), lines


def viewers(directory, late, modelled):
    """The viewers' own programs, where a checkout of them is: HARTBEAT_FLAMEGRAPH (Brendan Gregg's FlameGraph), HARTBEAT_KONATA (the
    Konata viewer) with HARTBEAT_ESBUILD (the directory of the esbuild package)."""
    flamegraph, konata = os.environ.get("HARTBEAT_FLAMEGRAPH"), os.environ.get("HARTBEAT_KONATA")
    esbuild = os.environ.get("HARTBEAT_ESBUILD")
    if flamegraph:
        for name in (f for f in late if f.startswith("folded")):
            done = subprocess.run(["perl", os.path.join(flamegraph, "flamegraph.pl"), late[name]], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            frames = done.stdout.count(b"<title>")
            empty = not read(late[name])
            said = re.sub(rb"Stack count is low \(\d+\)\. Did something go wrong\?\s*", b"", done.stderr)  # few faults are few
            check((done.returncode == 0 and frames > 1 and said == b"") or empty, f"flamegraph.pl: {name}: {done.stderr.decode()}")
            print(f"flamegraph.pl draws {frames} frames of {name}")
    else:
        print("SKIP: no HARTBEAT_FLAMEGRAPH")
    if not modelled:
        return
    if konata and esbuild and shutil.which("node"):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "konata.mjs")
        done = subprocess.run(["node", script, esbuild, konata, late["kanata"]], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        check(done.returncode == 0, f"Konata's parser: {done.stderr.decode()}")
        if done.returncode == 0:
            found = json.loads(done.stdout)
            rows = sum(1 for line in read(late["kanata"]).splitlines() if line.startswith(b"I\t"))
            check(found["warnings"] == [] and found["ops"] == rows and found["stages"] > rows, f"Konata's parser: {found}")
            print(f"Konata's parser reads {found['ops']} rows, {found['stages']} stages")
    else:
        print("SKIP: no HARTBEAT_KONATA, HARTBEAT_ESBUILD or node")


def round_trip(hartbeat, directory, program, options, modelled):
    formats = FORMATS + (MODELLED if modelled else [])
    recording = os.path.join(directory, "run.hb")
    live = {f: os.path.join(directory, "live." + f) for f in formats}
    late = {f: os.path.join(directory, "late." + f) for f in formats}
    stats = os.path.join(directory, "stats.json")
    traces = [w for f in formats for w in ("--trace", f"{f}:{live[f]}")]
    run(hartbeat, "run", "--quiet", *options, "--stats", f"json:{stats}", "--trace", f"binary:{recording}", *traces, *program)
    exports = [w for f in formats for w in ("--export", f"{f}:{late[f]}")]
    run(hartbeat, "report", recording, *exports)
    for f in formats:
        names = [live[f] + "." + str(i) for i in range(int(options[options.index("--harts") + 1]))] \
            if f == "rtl" and "--harts" in options else [live[f]]
        for name in names:
            check(read(name) == read(name.replace("live.", "late.")), f"{f}: exported is not what was written live")
    instret = json.load(open(stats))["total"]["instret"]
    check(spike(read(late["spike"])) == instret, "spike: a line for each instruction")
    check(text_trace(read(late["text"])) == instret, "text: a line for each instruction")
    check(rvfi(read(late["rvfi"])) == instret, "rvfi: a record for each instruction")
    events, arrows = perfetto(read(late["perfetto"]))
    check(folded(read(late["folded-instructions"])) == instret, "folded: the instructions add up")
    summary = callgrind(read(late["callgrind"]), late["callgrind"])
    check(summary[1] == instret, "callgrind: the instructions add up")
    check(folded(read(late["folded"])) == summary[0], "folded and callgrind: the same cycles")
    if modelled:
        retired, _ = kanata(read(late["kanata"]))
        check(retired >= instret - 64, f"kanata: {retired} rows retire, {instret} instructions did")
    viewers(directory, late, modelled)
    report = subprocess.run([hartbeat, "report", "--json", recording], stdout=subprocess.PIPE).stdout
    check(json.loads(report)["total"]["instret"] == instret, "the recording's report is the run's")
    return events, arrows, recording, late


def region(hartbeat, directory, program):
    """Of a run that is modelled in part, the pipeline's views show that part, live and from the recording."""
    recording, stats = os.path.join(directory, "part.hb"), os.path.join(directory, "part.json")
    live, late = ({f: os.path.join(directory, f"part.{when}.{f}") for f in MODELLED} for when in ("live", "late"))
    traces = [w for f in MODELLED for w in ("--trace", f"{f}:{live[f]}")]
    run(hartbeat, "run", "--quiet", "--timing", "cva6", "--timing-from", "instret:300000", "--timing-to", "instret:400000",
        "--stats", f"json:{stats}", "--trace", f"binary:{recording}", *traces, *program)
    run(hartbeat, "report", recording, *[w for f in MODELLED for w in ("--export", f"{f}:{late[f]}")])
    for f in MODELLED:
        check(read(live[f]) == read(late[f]), f"{f} of a part: exported is not what was written live")
    with open(stats, encoding="utf-8") as file:
        part, = (p for p in json.load(file)["timing"]["parts"] if p["part"] == "cycle-accurate")
    commits = read(late["rtl"]).splitlines()
    retired, _ = kanata(read(late["kanata"]))
    ended = sum(b" TRAP " not in line for line in commits)
    check(ended == part["instret"] and retired == part["instret"], f"a part: {ended} and {retired} commits of {part}")
    check(os.path.getsize(recording) < 4 << 20, f"a part: a recording of {os.path.getsize(recording)} bytes")


def filters(hartbeat, directory, program):
    def traced(expression):
        path = os.path.join(directory, "filtered")
        run(hartbeat, "run", "--quiet", "--trace", f"rvfi:{path}", "--trace-filter", expression, *program)
        return [json.loads(line) for line in read(path).splitlines()]

    user = traced("privilege=u and cycle=100000..")
    check(user and all(r["mode"] == 0 and r["cycle"] >= 100000 for r in user), "filter: privilege and cycle")
    main = traced("symbol=main and process=hello")
    check(main and len({int(r["pc_rdata"], 16) >> 12 for r in main}) <= 2, "filter: a symbol")
    both = traced("hart=0 and not (privilege=m or privilege=s)")
    check(both and all(r["mode"] == 0 for r in both), "filter: not, or, parentheses")
    late = traced("from=exit@1")
    check(late and len(late) < len(both) * 4, "filter: from an event")
    # A recording through a filter says what the filtered trace says.
    recording, live, exported = (os.path.join(directory, n) for n in ("filtered.hb", "filtered.live", "filtered.late"))
    run(hartbeat, "run", "--quiet", "--trace", f"binary:{recording}", "--trace", f"spike:{live}", "--trace-filter",
        "privilege=u", *program)
    run(hartbeat, "report", recording, "--export", f"spike:{exported}")
    check(read(live) == read(exported) != b"", "filter: exported is not what was written live")
    for wrong, place in (("privilege=x", "character 11"), ("hart=0 and", "character 11"), ("hart", "character 5"),
                         ("colour=1", "character 1"), ("symbol=no_such_symbol", "character 8"), ("(hart=1", "character 8"),
                         ("from=nothing", "character 6"), ("pc=9..1", "character 4")):
        error = run(hartbeat, "run", "--trace", "spike:/dev/null", "--trace-filter", wrong, *program, status=2)
        check(place in error and error.count("\n") == 1, f"filter {wrong}: {error}")
    # The last instructions before the end.
    run(hartbeat, "run", "--quiet", "--trace", f"binary:{recording}", "--trace-last", "1000", *program)
    run(hartbeat, "report", recording, "--export", f"spike:{exported}")
    whole = os.path.join(directory, "whole")
    run(hartbeat, "run", "--quiet", "--trace", f"spike:{whole}", *program)
    lines = read(exported).splitlines()
    check(1000 <= len(lines) <= 1300 and read(whole).splitlines()[-len(lines):] == lines, "the last 1000 instructions")


def timeline(hartbeat, directory, program):
    """The timeline tells what the report of the same run counts; Perfetto's trace processor reads all of it."""
    path, stats = os.path.join(directory, "timeline"), os.path.join(directory, "stats.json")
    run(hartbeat, "run", "--quiet", "--timing", "cva6", "--machine", "cva6", "--harts", "4", "--trace", f"perfetto:{path}", "--stats",
        f"json:{stats}", *program)
    with open(stats) as file:
        report = json.load(file)
    kernel = report["kernel"]
    events, _ = perfetto(read(path))
    named = collections.Counter((e["ph"], e.get("name")) for e in events)
    expected = {("B", "fork"): kernel["forks"]["count"], ("B", "copy"): kernel["copies"]["pages"],
                ("b", "flush wait"): kernel["shootdowns"]["initiated"],
                ("i", "flush of this hart alone"): kernel["shootdowns"]["avoided"],
                ("s", "IPI"): report["hardware"]["software_interrupts"], ("f", "acknowledge"): kernel["shootdowns"]["acknowledged"],
                ("i", "sfence.vma"): report["hardware"]["fences"]}
    expected |= {("i", name): count for name, count in kernel["faults"]["count"].items() if count}
    for key, count in expected.items():
        check(named[key] == count > 0, f"timeline: {named[key]} of {key}, the report has {count}")
    groups = {e["pid"]: e["args"]["name"] for e in events if e["ph"] == "M" and e["name"] == "process_name"}
    processes = {f"{process['name']} {process['pid']}" for process in report["processes"] if process["kind"] == "process"}
    check(set(groups.values()) == {"Harts", "Page-table walkers", "Memory", "IPIs"} | processes, f"timeline: the tracks' groups: {groups}")
    sent = {groups[e["pid"]] for e in events if e.get("name", "").startswith("IPI to hart ")}
    check(sent == {"IPIs"}, f"timeline: IPIs on tracks of {sent}")
    check(sum(e.get("name", "").startswith("walk ") for e in events) == report["total"]["walker"]["walks"], "timeline: an instant for each walk")
    last = {e["name"]: e["args"]["frames"] for e in events if e["ph"] == "C" and "frames" in e["args"]}
    for state, count in kernel["frames"]["last"].items():
        name = state.replace("_", " ").replace("cow", "CoW") + " frames"
        check(last.get(name) == count, f"timeline: at last {last.get(name)} {name}, the report has {count}")
    tlb_counters(events, {tlb["name"]: tlb["entries"] for tlb in report["configuration"]["tlbs"]})
    ipc = [e["args"]["IPC"] for e in events if e["ph"] == "C" and e["name"] == "IPC hart 0"]
    check(len(ipc) > 100 and all(0 <= value <= 2 for value in ipc), "timeline: instructions per cycle of hart 0")
    trace_processor(path, events)
    # Here shootdowns end long after their harts have gone on, on other ones.
    run(hartbeat, "run", "--quiet", "--harts", "4", "--append", "shootdown=lazy", "--trace", f"perfetto:{path}", *program)
    events, _ = perfetto(read(path))
    check(any(e["ph"] == "b" for e in events), "timeline: shootdowns that are lazy")
    trace_processor(path, events)


def tlb_counters(events, entries):
    """No TLB holds more than it can; a walk brings at most one entry, a fence takes as many as it says."""
    held, full = collections.Counter(), set()
    changed_by = None
    before = 0
    for event in [*events, {"ph": "end"}]:
        if event["ph"] == "C" and "entries" in event.get("args", {}):
            held[event["name"]] = event["args"]["entries"]
            size = entries[{"I-TLB": "itlb", "D-TLB": "dtlb"}[event["name"].split()[0]]]
            check(0 <= held[event["name"]] <= size, f"timeline: {event} of {size}")
            if held[event["name"]] == size:
                full.add(event["name"][:5])
            continue
        now = sum(held.values())
        if changed_by is not None and changed_by["name"].startswith("walk"):
            check(before <= now <= before + 1, f"timeline: {now - before} entries more by {changed_by}")
        elif changed_by is not None:
            check(before - now == changed_by["args"]["removed"], f"timeline: {before - now} entries fewer by {changed_by}")
        name = event.get("name", "")
        changed_by = event if name == "sfence.vma" or name.startswith("walk ") else None
        before = now
    check(full == {"I-TLB", "D-TLB"}, f"timeline: TLBs that are full once: {full}")


def trace_processor(path, events):
    """Perfetto's trace processor reads the timeline without an error, and finds every span, arrow and count."""
    directory = os.environ.get("HARTBEAT_TRACE_PROCESSOR")
    if not directory or not shutil.which("node"):
        print("SKIP: no HARTBEAT_TRACE_PROCESSOR or node")
        return
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "trace_processor.mjs")
    queries = ["select name, value from stats where value > 0 and severity != 'info'",
               "select name, count(*) as n, min(dur) as shortest from slice group by name", "select count(*) as n from flow",
               "select process.name || ', ' || thread.name as track, count(*) as n from slice join thread_track on slice.track_id = "
               "thread_track.id join thread using (utid) join process using (upid) group by track",
               "select name, count(*) as n, max(value) as most from counter join counter_track on counter.track_id = counter_track.id group by name"]
    done = subprocess.run(["node", script, directory, path, *queries], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check(done.returncode == 0, f"Perfetto's trace processor: {done.stderr.decode()}")
    if done.returncode != 0:
        return
    errors, slices, flows, tracks, counters = (json.loads(line) for line in done.stdout.splitlines())
    check(errors == [], f"Perfetto's trace processor: {errors}")
    spans = collections.Counter(e["name"] for e in events if e["ph"] in "BXib")
    check({row["name"]: row["n"] for row in slices} == spans, f"Perfetto's trace processor finds other spans: {slices}")
    check(all(row["shortest"] >= 0 for row in slices), "Perfetto's trace processor finds a span without an end")
    check(flows == [{"n": sum(e["ph"] == "f" for e in events)}], f"Perfetto's trace processor finds {flows} arrows")
    groups = {e["pid"]: e["args"]["name"] for e in events if e.get("name") == "process_name"}
    names = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e.get("name") == "thread_name"}
    lanes = collections.Counter(f"{groups[e['pid']]}, {names[e['pid'], e['tid']]}" for e in events if e["ph"] in "BXi")
    check({row["track"]: row["n"] for row in tracks} == lanes, f"Perfetto's trace processor finds other tracks: {tracks}, not {lanes}")
    points = collections.Counter(e["name"] + " " + next(iter(e["args"])) for e in events if e["ph"] == "C")
    check({row["name"]: row["n"] for row in counters} == points, f"Perfetto's trace processor finds other counters: {counters}")
    print(f"Perfetto's trace processor reads {sum(spans.values())} spans, {flows[0]['n']} arrows, {sum(points.values())} counts of {len(points)} counters")


def damage(hartbeat, directory, recording, program):
    good = read(recording)
    path = os.path.join(directory, "damaged.hb")
    cases = {"empty": b"", "foreign": b"#!/bin/sh\n" * 100, "cut": good[:len(good) * 2 // 3], "version": good[:8] + b"\x63" + good[9:]}
    for at in range(30, len(good), max(1, len(good) // 12)):
        cases[f"byte {at}"] = good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1:]
    for name, content in cases.items():
        with open(path, "wb") as file:
            file.write(content)
        error = run(hartbeat, "report", path, "--export", "folded:/dev/null", status=2)
        check(error.count("\n") == 1 and path in error, f"damage ({name}): {error}")
    check("cannot read" in run(hartbeat, "report", path + ".none", status=2), "a missing recording")
    with open(path, "wb") as file:
        file.write(good[:8] + b"\x02" + good[9:])
    check("of version 2; this program reads version 3" in run(hartbeat, "report", path, status=2), "a recording of the version before")
    # A pipe that nobody reads any more.
    for more, expected in ([], 0), (["--trace-error", "stop"], 2):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([hartbeat, "run", "--quiet", "--trace", f"spike:/dev/fd/{writer}", *more, *program], pass_fds=[writer],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        os.close(writer)
        check(done.returncode == expected and done.stderr.count(b"is incomplete") == 1, f"a closed pipe: {done.returncode} {done.stderr}")
    for trace in ("spike:/dev/full", "binary:/dev/full"):
        error = run(hartbeat, "run", "--quiet", "--trace", trace, *program)
        check(error.count("is incomplete") == 1, f"a full disk: {error}")
        error = run(hartbeat, "run", "--quiet", "--trace-error", "stop", "--trace", trace, *program, status=2)
        check("is incomplete" in error, f"a full disk, stop: {error}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--guests", required=True)
    parser.add_argument("part", choices=["functional", "modelled", "timeline", "filters"])
    arguments = parser.parse_args()
    program = lambda name, *rest: [os.path.join(arguments.guests, name), *rest]
    with tempfile.TemporaryDirectory() as directory:
        if arguments.part == "functional":
            _, _, recording, _ = round_trip(arguments.hartbeat, directory, program("hello"), ["--harts", "2"], False)
            damage(arguments.hartbeat, directory, recording, program("hello"))
        elif arguments.part == "modelled":
            events, arrows, _, _ = round_trip(arguments.hartbeat, directory, program("hello"),
                                              ["--timing", "cva6", "--harts", "2"], True)
            names = {e["name"] for e in events if e.get("name")}
            check({"free frames", "IPC hart 0", "D-TLB entries hart 0", "write", "IPI"} <= names, f"perfetto: {sorted(names)}")
            check(arrows > 0, "perfetto: an arrow from an IPI to its interrupt")
            region(arguments.hartbeat, directory, program("hello"))
        elif arguments.part == "timeline":
            timeline(arguments.hartbeat, directory, program("shootdown", "1", "1"))
        else:
            filters(arguments.hartbeat, directory, program("hello"))
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
