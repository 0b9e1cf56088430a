import { element, grouped, percent, ratio } from "./dom.js";
import { table } from "./table.js";

const costNames = {
  fork: "a fork", cow_copy: "a copy-on-write fault that copies", page_copy: "the copy of a page itself, part of such a fault",
  cow_reuse: "a copy-on-write fault of the last owner", demand_zero: "a first touch of anonymous memory",
  shootdown: "a TLB shootdown, of other harts too",
};

function tiles(report) {
  const { total, kernel, hardware } = report;
  const rows = [
    ["cycles to the end", grouped(report.elapsed_cycles)],
    ["instructions", grouped(total.instret)],
    ["IPC of a hart", ratio(total.instret, total.cycles, 3)],
    ["in wfi", percent(total.wfi_cycles, total.cycles)],
    ["page faults", grouped(hardware.page_faults)],
  ];
  if (kernel) {
    rows.push(["pages copied", grouped(kernel.copies.pages)], ["forks", grouped(kernel.forks.count)],
      ["shootdowns", grouped(kernel.shootdowns.initiated)]);
  }
  return element("dl", { class: "tiles" }, ...rows.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}

// Needs no kernel's story.
export function summary(report) {
  const costs = Object.entries(report.costs ?? {}).filter(([, cost]) => cost.count > 0)
    .map(([key, cost]) => ({ name: costNames[key] ?? key, ...cost })).sort((a, b) => b.cycles - a.cycles);
  const agree = report.comparison == null ? "The guest's kernel tells no story: what follows is the hardware's view."
    : report.comparison.agree ? "The kernel's story and the hardware's agree."
    : "THE STORIES DISAGREE: see Counters.";
  const fatal = (report.faults?.list ?? []).filter((fault) => fault.signal !== 0);
  return [
    tiles(report),
    element("p", {}, agree),
    costs.length === 0 ? null : table({
      caption: "What things cost, from tracepoint to tracepoint of the kernel", filter: false, rows: costs,
      columns: [
        { title: "What", value: (cost) => cost.name },
        { title: "Times", number: true, value: (cost) => cost.count, text: (cost) => grouped(cost.count) },
        { title: "Cycles each", number: true, value: (cost) => cost.cycles_each, text: (cost) => grouped(Math.round(cost.cycles_each)) },
        { title: "Cycles", number: true, value: (cost) => cost.cycles, text: (cost) => grouped(cost.cycles) },
      ],
    }),
    ...fatal.slice(0, 3).map((fault) => element("p", { class: "panel" }, fault.explanation)),
  ];
}
