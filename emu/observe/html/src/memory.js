import { element, grouped, hex, ratio } from "./dom.js";
import { table } from "./table.js";
import { stacks } from "./charts.js";

const number = (title, value) => ({ title, number: true, value, text: (row) => grouped(value(row)) });

// A chosen row's words; `leftOut`: how many rows the report does not have.
function explained(leftOut) {
  const panel = element("p", { class: "panel", role: "status", hidden: true });
  const note = leftOut > 0 ? element("p", { class: "note" }, `${grouped(leftOut)} more are counted, but not kept one by one.`) : null;
  return { panel, note, show: (text) => { panel.hidden = false; panel.textContent = text; } };
}

export function faults(report) {
  const { kernel } = report;
  const { list, left_out } = report.faults;
  if (report.faults.count === 0) return [element("p", {}, "None.")];
  const words = explained(left_out);
  const resolutions = kernel ? Object.keys(kernel.faults.count).map((name) => ({ name, count: kernel.faults.count[name], cycles: kernel.faults.cycles[name] })).filter((row) => row.count > 0) : [];
  const cyclesColumn = number("Cycles", (row) => row.cycles);
  const duration = number("Cycles", (fault) => fault.cycles);
  return [
    resolutions.length === 0 ? null : table({ caption: "By what the kernel did", rows: resolutions, sort: cyclesColumn, filter: false, columns: [
      { title: "Resolution", value: (row) => row.name },
      number("Faults", (row) => row.count),
      cyclesColumn,
      { title: "Each", number: true, value: (row) => row.cycles / row.count, text: (row) => grouped(Math.round(row.cycles / row.count)) },
    ] }),
    element("h3", {}, "One by one"),
    element("p", { class: "soft" }, "Choose a row, or press the button at its beginning, to have the fault explained."),
    words.panel,
    table({ caption: "Page faults", rows: list, sort: duration, select: { row: (fault) => words.show(fault.explanation), name: (fault) => `Explain fault ${fault.number}` }, columns: [
      number("No.", (fault) => fault.number),
      number("At cycle", (fault) => fault.cycle),
      number("Hart", (fault) => fault.hart),
      { title: "Process", value: (fault) => (fault.pid == null ? "" : `${fault.pid} ${fault.program}`) },
      { title: "Cause", value: (fault) => fault.cause.replaceAll("_", " ") },
      { title: "Address", value: (fault) => fault.address, text: (fault) => hex(fault.address) },
      { title: "Check", value: (fault) => fault.walk?.check ?? "" },
      { title: "Resolution", value: (fault) => fault.resolution ?? "" },
      duration,
    ] }),
    words.note,
  ];
}

// Without a line, by address: a function may have several such places.
function placeOf(site) {
  if (!site.pc) return `kernel, in ${site.system_call}`;
  return [site.symbol, site.line ?? hex(site.pc)].filter(Boolean).join(" ");
}

function siteTable(cow) {
  const cyclesColumn = number("Cycles", (site) => site.cycles);
  return table({ caption: "By the store that caused them", rows: cow.sites, sort: cyclesColumn, columns: [
    { title: "Store", value: placeOf },
    { title: "Program", value: (site) => site.program },
    number("Copies", (site) => site.copies),
    cyclesColumn,
    { title: "Each", number: true, value: (site) => site.cycles / site.copies, text: (site) => grouped(Math.round(site.cycles / site.copies)) },
    number("Bytes changed", (site) => site.changed_bytes),
    { title: "Bytes copied for a byte changed", number: true, value: (site) => site.amplification ?? Infinity, text: (site) => (site.measured_pages === 0 ? "not measured" : site.amplification == null ? "none changed" : site.amplification.toFixed(1)) },
  ] });
}

function copyTable(report, words) {
  const { cow } = report.kernel;
  const duration = number("Cycles", (copy) => copy.cycles);
  const explain = (copy) => {
    const fault = report.faults.list.find((entry) => entry.number === copy.fault);
    words.show(fault ? fault.explanation : `The kernel copied page ${hex(copy.page)} itself, in a system call.`);
  };
  return table({ caption: "Copies", rows: cow.copies, sort: duration, select: { row: explain, name: (copy) => `Explain the copy at cycle ${grouped(copy.cycle)}` }, columns: [
    number("At cycle", (copy) => copy.cycle),
    number("Process", (copy) => copy.pid),
    number("Hart", (copy) => copy.hart),
    { title: "Page", value: (copy) => copy.page, text: (copy) => hex(copy.page) },
    { title: "Range", value: (copy) => copy.range?.kind ?? "" },
    { title: "Shared by", value: (copy) => copy.fork ?? 0, text: (copy) => (copy.fork == null ? "the file" : `fork ${copy.fork}`) },
    { title: "Store", value: (copy) => placeOf(cow.sites[copy.site]) },
    { title: "Frames", value: (copy) => copy.source, text: (copy) => `${hex(copy.source)} to ${hex(copy.destination)}` },
    { title: "Bytes changed", number: true, value: (copy) => copy.changed_bytes ?? -1, text: (copy) => (copy.changed_bytes == null ? "not measured" : grouped(copy.changed_bytes)) },
    duration,
  ] });
}

export function copies(report) {
  if (report.kernel == null) return null;
  const { cow, copies: sums } = report.kernel;
  if (sums.pages === 0) return [element("p", {}, "None.")];
  const steps = Object.entries(cow.steps);
  const names = ["all copies", ...cow.sites.slice(0, 8).map(placeOf)].filter((name, i, list) => list.indexOf(name) === i);
  const rows = [...steps.map(([part, spread]) => ({ name: "all copies", part, value: spread.sum })),
    ...cow.sites.slice(0, 8).flatMap((site) => Object.entries(site.steps).map(([part, value]) => ({ name: placeOf(site), part, value })))];
  const words = explained(cow.copies_left_out);
  return [
    element("p", {}, `${grouped(sums.pages)} pages, ${grouped(sums.bytes)} bytes; of ${grouped(sums.measured_pages)} measured pages ${grouped(sums.changed_bytes)} bytes really changed: `
      + `${ratio(4096 * sums.measured_pages, sums.changed_bytes, 1) || "-"} bytes copied for each byte changed.`),
    stacks("Steps of a copying fault, from the trap to the return", rows, names, steps.map(([name]) => name)),
    siteTable(cow),
    element("h3", {}, "One by one"),
    words.panel, copyTable(report, words), words.note,
  ];
}
