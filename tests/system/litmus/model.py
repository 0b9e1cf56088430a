"""RVWMO as the unprivileged specification defines it (chapter 17, and appendix A for the rules' numbers): which outcomes a
small program may have. Every execution is tried: where each load reads from, whether each SC succeeds, and each order of
the stores to a location; an execution counts if the axioms hold.

An AMO is one memory operation, a load and a store at once. Each store to a location has a value of its own, so that an
outcome is what the registers hold and what memory holds at the end.
"""
import dataclasses
import itertools


@dataclasses.dataclass
class Operation:
    """One instruction of a shape, as shapes.py writes it."""
    kind: str  # R W AMO LR SC F, and for page tables PTE SF RV WB
    location: str = ""
    value: int = 0
    acquire: bool = False
    release: bool = False
    dependency: str = ""  # addr, data or ctrl: on the read before
    fence: tuple = ()  # (predecessors, successors), or ("tso",)


@dataclasses.dataclass(eq=False)
class Event:
    thread: int
    place: int  # in its thread
    operation: Operation
    reads: bool
    writes: bool
    depends_on: "Event" = None
    paired: "Event" = None  # an SC's LR

    @property
    def location(self):
        return self.operation.location


def parse(text):
    """"R x addr", "W y 2 data", "AMO x 1 aq rl", "F rw,w", "F tso", …"""
    kind, *rest = text.split()
    if kind == "F":
        return Operation("F", fence=tuple(rest[0].split(",")))
    operation = Operation(kind, rest[0] if rest else "")
    for word in rest[1:]:
        if word.isdigit():
            operation.value = int(word)
        elif word in ("aq", "rl"):
            operation.acquire |= word == "aq"
            operation.release |= word == "rl"
        else:
            operation.dependency = word
    return operation


def registers(threads):
    """(thread, place) of what returns a value, in order: the first part of an outcome."""
    returning = ("R", "AMO", "LR", "SC", "RV")
    return [(t, p) for t, thread in enumerate(threads) for p, operation in enumerate(thread) if operation.kind in returning]


def locations_written_twice(threads):
    """Their final values are the second part of an outcome."""
    written = [operation.location for thread in threads for operation in thread if operation.kind in ("W", "AMO", "SC")]
    return sorted(location for location in set(written) if written.count(location) > 1)


def _events(threads, successes):
    events = []
    for t, thread in enumerate(threads):
        last_read = last_lr = None
        for p, operation in enumerate(thread):
            if operation.kind == "F" or (operation.kind == "SC" and not successes[t, p]):
                continue
            reads, writes = operation.kind in ("R", "AMO", "LR"), operation.kind in ("W", "AMO", "SC")
            event = Event(t, p, operation, reads, writes)
            if operation.dependency:
                event.depends_on = last_read
            if operation.kind == "SC":
                event.paired = last_lr
            last_read = event if reads else last_read
            last_lr = event if operation.kind == "LR" else last_lr
            events.append(event)
    return events


def _fenced(fence, before, after):
    if fence == ("tso",):
        return before.reads or (before.writes and after.writes)
    kinds = lambda event: ({"r"} if event.reads else set()) | ({"w"} if event.writes else set())  # noqa: E731
    return bool(kinds(before) & set(fence[0])) and bool(kinds(after) & set(fence[1]))


def _preserved(threads, events, source, a, b):
    """Is a before b, of one thread, in preserved program order? (Rules 1 to 13 of section 17.1.4.)"""
    x, y = a.operation, b.operation
    between = [e for e in events if e.thread == a.thread and a.place < e.place < b.place]
    same = a.location == b.location
    if same and b.writes:
        return True  # 1
    if same and a.reads and b.reads and source[a] is not source[b] and not any(
            e.writes and e.location == a.location for e in between):
        return True  # 2
    if b.reads and source[b] is a and x.kind in ("AMO", "SC"):
        return True  # 3
    fences = threads[a.thread][a.place + 1:b.place]
    if any(f.kind == "F" and _fenced(f.fence, a, b) for f in fences):
        return True  # 4
    if x.acquire or y.release or ((x.acquire or x.release) and (y.acquire or y.release)):
        return True  # 5, 6, 7
    if b.paired is a:
        return True  # 8
    if b.depends_on is a and (y.dependency in ("addr", "data") or b.writes):
        return True  # 9, 10, 11
    if x.kind != "W" and b.writes and any(e.depends_on is a and e.operation.dependency == "ctrl" for e in between):
        return True  # 11: what follows the branch
    if b.reads and any(m.writes and m.depends_on is a and m.operation.dependency in ("addr", "data") and source[b] is m
                       for m in between):
        return True  # 12
    return b.writes and any(m.depends_on is a and m.operation.dependency == "addr" for m in between)  # 13


def _acyclic(nodes, edges):
    following = {node: [] for node in nodes}
    for a, b in edges:
        following[a].append(b)
    state = {}

    def visit(node):
        state[node] = 1
        for after in following[node]:
            if state.get(after) == 1 or (after not in state and not visit(after)):
                return False
        state[node] = 2
        return True

    return all(node in state or visit(node) for node in nodes)


def _consistent(threads, events, source, order):
    """order: location to its stores in coherence order; source: read to the store it reads from, None for the initial one."""
    place = {store: i for stores in order.values() for i, store in enumerate(stores)}
    at = lambda store: -1 if store is None else place[store]  # noqa: E731
    coherence = [(a, b) for stores in order.values() for a, b in itertools.combinations(stores, 2)]
    reads_from = [(store, read) for read, store in source.items() if store is not None]
    from_reads = [(read, store) for read, origin in source.items() for store in order.get(read.location, ())
                  if place[store] > at(origin) and store is not read]
    pairs = [(a, b) for a in events for b in events if a.thread == b.thread and a.place < b.place]
    same_location = [(a, b) for a, b in pairs if a.location == b.location]
    if not _acyclic(events, same_location + coherence + reads_from + from_reads):
        return False  # the load value axiom, location by location
    external = [(a, b) for a, b in reads_from if a.thread != b.thread]
    preserved = [(a, b) for a, b in pairs if _preserved(threads, events, source, a, b)]
    if not _acyclic(events, coherence + external + from_reads + preserved):
        return False
    return all(event.paired is None or not any(  # the atomicity axiom
        other.thread != event.thread and at(source[event.paired]) < place[other] < place[event]
        for other in order[event.location]) for event in events)


def outcomes(threads):
    """The set of allowed outcomes: tuples of register values, then of final values."""
    conditionals = [(t, p) for t, thread in enumerate(threads) for p, op in enumerate(thread) if op.kind == "SC"]
    allowed = set()
    for flags in itertools.product((True, False), repeat=len(conditionals)):
        successes = dict(zip(conditionals, flags))
        events = _events(threads, successes)
        stores = {}
        for event in events:
            if event.writes:
                stores.setdefault(event.location, []).append(event)
        loads = [event for event in events if event.reads]
        choices = [[None] + [s for s in stores.get(load.location, []) if s is not load] for load in loads]
        for origins in itertools.product(*choices):
            source = dict(zip(loads, origins))
            for orders in itertools.product(*(itertools.permutations(group) for group in stores.values())):
                order = dict(zip(stores, orders))
                if _consistent(threads, events, source, order):
                    allowed.add(_outcome(threads, events, source, order, successes))
    return allowed


def _outcome(threads, events, source, order, successes):
    by_place = {(event.thread, event.place): event for event in events}
    values = []
    for where in registers(threads):
        if where in successes:
            values.append(0 if successes[where] else 1)
        else:
            origin = source[by_place[where]]
            values.append(origin.operation.value if origin else 0)
    for location in locations_written_twice(threads):
        values.append(order[location][-1].operation.value if order.get(location) else 0)
    return tuple(values)
