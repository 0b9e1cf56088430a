"""The shapes: name, and the threads' instructions. What each may show is worked out by model.py; page-table shapes, which
RVWMO does not cover, say themselves what is forbidden, and why."""
from model import parse

_FENCES = ("", "F rw,rw", "F tso", "F w,w", "F r,r", "F r,rw", "F rw,w")


def _pairs():
    """The classic shapes with every fence of interest in both threads, the same or none."""
    shapes = {
        "MP": (["W x 1", "W y 1"], ["R y", "R x"]),
        "SB": (["W x 1", "R y"], ["W y 1", "R x"]),
        "LB": (["R x", "W y 1"], ["R y", "W x 1"]),
        "S": (["W x 2", "W y 1"], ["R y", "W x 1"]),
        "R": (["W x 1", "W y 1"], ["W y 2", "R x"]),
        "2+2W": (["W x 1", "W y 2"], ["W y 1", "W x 2"]),
    }
    for name, threads in shapes.items():
        for fence in _FENCES:
            yield f"{name}+{fence or 'po'}", [[first, fence, second] for first, second in threads]


SHAPES = [
    *_pairs(),
    ("CoRR", [["W x 1"], ["R x", "R x"]]),
    ("CoRR-two-writers", [["W x 1"], ["W x 2"], ["R x", "R x"], ["R x", "R x"]]),
    ("CoWW", [["W x 1", "W x 2"], ["R x", "R x"]]),
    ("CoWR", [["W x 1", "R x"], ["W x 2"]]),
    ("CoRW", [["R x", "W x 1"], ["W x 2"]]),
    ("MP+F w,w+addr", [["W x 1", "F w,w", "W y 1"], ["R y", "R x addr"]]),
    ("MP+F w,w+F r,r", [["W x 1", "F w,w", "W y 1"], ["R y", "F r,r", "R x"]]),
    ("LB+data", [["R x", "W y 1 data"], ["R y", "W x 1 data"]]),
    ("LB+addr", [["R x", "W y 1 addr"], ["R y", "W x 1 addr"]]),
    ("LB+ctrl", [["R x", "W y 1 ctrl"], ["R y", "W x 1 ctrl"]]),
    ("SB+forwarding", [["W x 1", "R x", "R y"], ["W y 1", "R y", "R x"]]),
    ("MP+amo.rl+amo.aq", [["W x 1", "AMO y 1 rl"], ["AMO y 2 aq", "R x"]]),
    ("MP+amo+amo", [["W x 1", "AMO y 1"], ["AMO y 2", "R x"]]),
    ("SB+amo", [["AMO x 1", "R y"], ["AMO y 1", "R x"]]),
    ("SB+amo.aq", [["AMO x 1 aq", "R y"], ["AMO y 1 aq", "R x"]]),
    ("SB+amo.aqrl+amo.aqrl", [["AMO x 1 aq rl", "AMO z 1 aq rl", "R y"], ["AMO y 1 aq rl", "R x"]]),
    ("AMO-atomic", [["AMO x 1"], ["AMO x 2"], ["AMO x 3"]]),
    ("AMO-store", [["AMO x 1", "R x"], ["W x 2"]]),
    ("LRSC-atomic", [["LR x", "SC x 1"], ["LR x", "SC x 2"]]),
    ("LRSC-store", [["LR x", "SC x 1"], ["W x 2"]]),
    ("LRSC-amo", [["LR x", "SC x 1"], ["AMO x 2"]]),
    ("LRSC-and-store", [["LR x", "SC x 1"], ["LR x", "SC x 2"], ["W x 3"]]),
    ("MP+sc.rl+lr.aq", [["W x 1", "LR y", "SC y 1 rl"], ["LR y aq", "R x"]]),
    ("SB+lrsc.aqrl", [["LR x aq rl", "SC x 1 aq rl", "R y"], ["LR y aq rl", "SC y 1 aq rl", "R x"]]),
    ("IRIW+po", [["W x 1"], ["W y 1"], ["R x", "R y"], ["R y", "R x"]]),
    ("IRIW+F r,r", [["W x 1"], ["W y 1"], ["R x", "F r,r", "R y"], ["R y", "F r,r", "R x"]]),
    ("IRIW+addr", [["W x 1"], ["W y 1"], ["R x", "R y addr"], ["R y", "R x addr"]]),
    ("WRC+po", [["W x 1"], ["R x", "W y 1"], ["R y", "R x"]]),
    ("WRC+data+addr", [["W x 1"], ["R x", "W y 1 data"], ["R y", "R x addr"]]),
    ("WRC+F rw,rw", [["W x 1"], ["R x", "F rw,rw", "W y 1"], ["R y", "F rw,rw", "R x"]]),
    ("RWC+F rw,rw", [["W x 1"], ["R x", "F rw,rw", "R y"], ["W y 1", "F rw,rw", "R x"]]),
    ("ISA2+F rw,rw", [["W x 1", "F rw,rw", "W y 1"], ["R y", "F rw,rw", "W z 1"], ["R z", "F rw,rw", "R x"]]),
    ("3.SB+F rw,rw", [["W x 1", "F rw,rw", "R y"], ["W y 1", "F rw,rw", "R z"], ["W z 1", "F rw,rw", "R x"]]),
]

# PTE: the page's entry goes from frame A (which holds 1) to frame B (which holds 2). SF: sfence.vma. RV: load through the
# page. WB n: a store of n to frame B by its physical address. Forbidden: by a predicate on the registers in order.
PAGE_TABLE_SHAPES = [
    ("PTE+sfence", [["PTE", "SF", "RV"]], lambda v: v != 1,
     "sfence.vma orders this hart's earlier stores before its later walks (privileged specification, 12.2.1)"),
    ("PTE+nothing", [["PTE", "RV"]], lambda v: True, "without a fence the old translation may be used"),
    ("PTE+fence", [["PTE", "F rw,rw", "RV"]], lambda v: True, "fence does not order implicit reads (12.2.1)"),
    ("PTE-remote+sfence", [["PTE", "F w,w", "W x 1"], ["R x", "F rw,rw", "SF", "RV"]], lambda x, v: (x, v) != (1, 1),
     "a store visible to this hart is ordered before the walks behind its sfence.vma"),
    ("PTE-remote+no-sfence", [["PTE", "F w,w", "W x 1"], ["R x", "F rw,rw", "RV"]], lambda x, v: True,
     "another hart's TLB keeps the old translation until that hart fences: why shootdowns exist"),
    ("PTE-publishes", [["WB 3", "F w,w", "PTE"], ["SF", "RV"]], lambda v: v != 2,
     "the walk's read of an entry is ordered before the access that it translates (12.2.1), and the frame's store before the "
     "entry's (RVWMO's rule 4, fence w,w): who reads the new entry reads the frame as it was before, or newer"),
    ("PTE-twice", [["PTE", "SF"], ["RV", "SF", "RV"]], lambda first, second: (first, second) != (2, 1),
     "walks return what was valid at some time since the last sfence.vma (12.2.1): a hart that has seen the new entry and has "
     "fenced does not go back to the old one"),
]


def parsed(threads):
    return [[parse(text) for text in thread if text] for thread in threads]
