import { element, grouped, labelled, percent } from "./dom.js";
import { table } from "./table.js";
import { heatMap, timeline } from "./charts.js";

const number = (title, value) => ({ title, number: true, value, text: (row) => grouped(value(row)) });

function reachTable(report) {
  const sizes = report.configuration.tlbs;
  const rows = sizes.map(({ name, entries, ways }) => ({ name, entries, ways, ...report.total.tlb[name] }));
  return table({ caption: "Each hart's TLBs; hits and misses of all harts", filter: false, rows, columns: [
    { title: "TLB", value: (row) => row.name },
    number("Entries", (row) => row.entries), number("Ways", (row) => row.ways),
    { title: "Reach with 4 KiB pages", number: true, value: (row) => row.entries, text: (row) => `${grouped(row.entries * 4)} KiB` },
    number("Hits", (row) => row.hits), number("Misses", (row) => row.misses),
    { title: "Miss rate", number: true, value: (row) => row.misses / (row.hits + row.misses || 1), text: (row) => percent(row.misses, row.hits + row.misses) },
    number("Evictions", (row) => row.evictions), number("Dropped by fences", (row) => row.fence_removed),
  ] });
}

export function tlb(report) {
  const { walks } = report;
  const parts = [reachTable(report)];
  if (walks.regions.length === 0) return parts;
  const last = Math.floor(report.elapsed_cycles / walks.cycles_per_bin);
  const cells = walks.regions.flatMap((region) => region.walks.slice(0, last + 1).map((count, i) => ({
    time: i * walks.cycles_per_bin, region: region.first, walks: count, again: region.again[i] })));
  const choice = element("select", {}, element("option", { value: "walks" }, "all walks"), element("option", { value: "again" }, "walks for pages that the TLB had lost"));
  const place = element("div");
  const draw = () => place.replaceChildren(heatMap("Page-table walks by region of memory (2 MiB, named by its first address) and time", cells, walks.regions.map((region) => region.first), choice.value));
  choice.addEventListener("change", draw);
  draw();
  const lost = cells.reduce((sum, cell) => sum + cell.again, 0);
  parts.push(element("p", {}, `${grouped(walks.pages)} different pages were walked for; ${grouped(lost)} walks were for a page that a TLB had held before and lost, to another page (conflict, capacity) or to a fence.`),
    element("div", { class: "controls" }, labelled("Show", choice)), place,
    walks.walks_left_out > 0 ? element("p", { class: "note" }, `${grouped(walks.walks_left_out)} walks in regions that had fewer are not drawn.`) : null);
  return parts;
}

export function timeSpans(report) {
  const { spans, left_out } = report.timeline;
  if (spans.length === 0) return null;
  const kinds = ["process", "fault", "fork", "shootdown"].filter((kind) => spans.some((span) => span.kind === kind));
  const boxes = kinds.map((kind) => element("input", { type: "checkbox", value: kind, checked: true }));
  const whole = report.elapsed_cycles;
  const first = Math.min(...spans.map((span) => span.begin));
  const from = element("input", { type: "number", min: 0, max: whole, value: first });
  const to = element("input", { type: "number", min: 0, max: whole, value: whole });
  const place = element("div");
  const draw = () => {
    const begin = Number(from.value), end = Math.max(Number(to.value), begin + 1);
    const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const shown = spans.filter((span) => wanted.has(span.kind) && span.end >= begin && span.begin <= end)
      .map((span) => ({ ...span, lane: `hart ${span.hart} ${span.kind}`, group: span.kind === "process" ? `process ${span.pid}` : span.name.replace(/ (of process )?\d+$/, "") }));
    const lanes = report.harts.flatMap((hart) => kinds.filter((kind) => wanted.has(kind)).map((kind) => `hart ${hart.hart} ${kind}`))
      .filter((lane) => shown.some((span) => span.lane === lane));
    place.replaceChildren(lanes.length === 0 ? element("p", {}, "Nothing in this window.") : timeline("What each hart did", shown, lanes, begin, end));
  };
  for (const control of [...boxes, from, to]) control.addEventListener("change", draw);
  draw();
  return [element("div", { class: "controls" }, ...boxes.map((box) => labelled(box.value, box)), labelled("from cycle", from), labelled("to", to)), place,
    left_out > 0 ? element("p", { class: "note" }, `${grouped(left_out)} later spans are left out; --trace has everything.`) : null];
}
