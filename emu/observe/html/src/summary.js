import { element, grouped, percent, ratio } from "./dom.js";
import { table } from "./table.js";

// What things cost, as the report of one screen names it: faults by resolution, and what is more than a fault.
function costsOf({ kernel, costs }) {
  if (kernel == null) return [];
  const { count, cycles } = kernel.faults;
  const rows = Object.keys(count).map((name) => ({ name: `page fault: ${name}`, count: count[name], cycles: cycles[name] }));
  rows.push({ name: "fork", ...costs.fork }, { name: "TLB shootdown", ...costs.shootdown },
    { name: "the copy of the page in a cow_copy", ...costs.page_copy });
  return rows.filter((row) => row.count > 0).sort((a, b) => b.cycles - a.cycles);
}

function tiles(report) {
  const { total, kernel, hardware } = report;
  const rows = [
    ["cycles to the end", grouped(report.elapsed_cycles)],
    ["instructions", grouped(total.instret)],
    ["IPC awake", ratio(total.instret, total.cycles - total.wfi_cycles, 3)],
    ["asleep in wfi", percent(total.wfi_cycles, total.cycles)],
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
  const costs = costsOf(report);
  const agree = report.comparison == null ? "The guest's kernel tells no story: what follows is the hardware's view."
    : report.comparison.agree ? "The kernel's story and the hardware's agree."
    : "THE STORIES DISAGREE: see Counters.";
  const fatal = (report.faults?.list ?? []).filter((fault) => fault.signal !== 0);
  return [
    tiles(report),
    element("p", {}, agree),
    costs.length === 0 ? null : table({
      caption: "What cost most, from tracepoint to tracepoint of the kernel", filter: false, rows: costs,
      columns: [
        { title: "What", value: (cost) => cost.name },
        { title: "Times", number: true, value: (cost) => cost.count, text: (cost) => grouped(cost.count) },
        { title: "Cycles each", number: true, value: (cost) => cost.cycles / cost.count, text: (cost) => grouped(Math.round(cost.cycles / cost.count)) },
        { title: "Cycles", number: true, value: (cost) => cost.cycles, text: (cost) => grouped(cost.cycles) },
      ],
    }),
    ...fatal.slice(0, 3).map((fault) => element("p", { class: "panel" }, fault.explanation)),
  ];
}
