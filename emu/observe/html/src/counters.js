import { element, grouped, percent, ratio } from "./dom.js";
import { table } from "./table.js";

const number = (title, value) => ({ title, number: true, value, text: (row) => grouped(value(row)) });

const awake = (ran) => ran.cycles - ran.wfi_cycles;
const ranColumns = (of) => [
  number("Instructions", (row) => of(row).instret), number("Cycles", (row) => of(row).cycles),
  { title: "IPC awake", number: true, value: (row) => of(row).instret / (awake(of(row)) || 1), text: (row) => ratio(of(row).instret, awake(of(row)), 3) },
  { title: "Asleep", number: true, value: (row) => of(row).wfi_cycles / (of(row).cycles || 1), text: (row) => percent(of(row).wfi_cycles, of(row).cycles) },
  number("I-TLB misses", (row) => of(row).tlb.itlb.misses), number("D-TLB misses", (row) => of(row).tlb.dtlb.misses),
  number("Walks", (row) => of(row).walker.walks),
];

// Every number of `value` by its dotted key.
function flat(value, key = "", into = []) {
  if (value != null && typeof value === "object" && !Array.isArray(value)) {
    for (const [name, part] of Object.entries(value)) flat(part, key ? `${key}.${name}` : name, into);
  } else if (typeof value === "number") into.push({ key, value });
  return into;
}

export function counters(report) {
  const { kernel, hardware, total, comparison } = report;
  const all = flat({ total, kernel: kernel && { ...kernel, cow: undefined }, hardware });
  return [
    table({ caption: "Harts", filter: false, rows: report.harts, columns: [number("Hart", (hart) => hart.hart), ...ranColumns((hart) => hart)] }),
    report.processes.length === 0 ? null : table({ caption: "Processes", rows: report.processes, columns: [
      { title: "Process", value: (process) => (process.kind === "process" ? `${process.pid} ${process.name}` : process.name) },
      ...ranColumns((process) => process.ran),
      number("System calls", (process) => process.system_calls), number("Faults", (process) => process.faults.total),
      number("Copies", (process) => process.copies.pages), number("Forks", (process) => process.forks.count),
    ] }),
    comparison == null ? null : table({ caption: "Kernel and hardware side by side", filter: false, rows: comparison.rows, columns: [
      { title: "What", value: (row) => row.what }, number("Kernel", (row) => row.kernel), number("Hardware", (row) => row.hardware),
      { title: "Agree", value: (row) => (row.agree ? "yes" : "NO") },
    ] }),
    element("h3", {}, "Every counter"),
    table({ caption: "By the keys of docs/counters.md", rows: all, columns: [{ title: "Key", value: (row) => row.key }, number("Value", (row) => row.value)] }),
  ];
}

export function configuration(report) {
  const { configuration: made } = report;
  const rows = [["machine", report.machine], ["harts", report.harts.length], ["memory", `${grouped(report.memory_bytes)} bytes`], ["ISA", made.isa],
    ["cycle model", report.timing.model], ["overrides", made.overrides.join(" ") || "none"], ["kernel command line", made.kernel_command_line || "none"]];
  return [
    table({ caption: "What made this run", filter: false, rows, columns: [{ title: "What", value: (row) => row[0] }, { title: "Value", wide: true, value: (row) => row[1] }] }),
    made.machine_file ? element("details", {}, element("summary", {}, "The machine's file"), element("pre", {}, made.machine_file)) : null,
    element("p", { class: "note" }, `Report schema ${report.schema}; the keys are defined in docs/counters.md. `),
  ];
}
