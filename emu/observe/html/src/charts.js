// The report's charts, drawn by Observable Plot as SVG.
import * as Plot from "@observablehq/plot";
import { element, grouped, hex, percent } from "./dom.js";

// As wide as the page: on a narrow screen the charts shrink, not their letters.
const width = Math.max(340, Math.min(1160, document.documentElement.clientWidth - 40));
const narrow = width < 700;
const common = { style: { background: "none", color: "inherit", fontSize: "12px" }, width };
const below = { marginBottom: 44, labelled: (label) => ({ label, labelOffset: 40 }) };  // the axis' name under its numbers
const longest = narrow ? 15 : 27;  // letters of a line's name that fit in the margin
const named = { marginLeft: narrow ? 110 : 190, tick: (name) => name.length <= longest ? name : `…${name.slice(1 - longest)}` };
const palette = ["#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5", "#9c6b4e",
  "#9498a0", "#2f8f9d", "#c9a227", "#d1495b", "#66a182", "#8d6a9f", "#b8c4cf", "#5c6770"];

function figure(caption, ariaLabel, options) {
  const plot = Plot.plot({ ...common, ...options, ariaLabel });
  for (const svg of [plot, ...plot.querySelectorAll("svg")]) if (svg.hasAttribute("aria-label")) svg.setAttribute("role", "img");
  return element("figure", {}, plot, element("figcaption", {}, caption));
}

// rows: { name, part, value }; one bar for each name, made of its parts.
export function stacks(caption, rows, names, parts, label = "share of its cycles") {
  const totals = new Map(names.map((name) => [name, 0]));
  for (const row of rows) totals.set(row.name, totals.get(row.name) + row.value);
  const data = rows.filter((row) => row.value > 0);
  return figure(caption, caption, {
    marginLeft: named.marginLeft,
    marginBottom: below.marginBottom,
    height: 84 + 26 * names.length,
    x: { ...below.labelled(label), percent: true },
    y: { domain: names, label: null, tickFormat: named.tick },
    color: { domain: parts, range: palette, legend: true },
    marks: [
      Plot.barX(data, { x: (row) => row.value / (totals.get(row.name) || 1), y: "name", fill: "part", order: parts, insetTop: 2, insetBottom: 2,
        title: (row) => `${row.name}\n${row.part}: ${grouped(row.value)} cycles, ${percent(row.value, totals.get(row.name))}` }),
      Plot.ruleX([0]),
    ],
  });
}

// rows: { name, part, begin, end }, in cycles; one line for each name, its phases one after the other.
export function waterfall(caption, rows, names, parts) {
  return figure(caption, caption, {
    marginLeft: named.marginLeft,
    marginBottom: below.marginBottom,
    height: 84 + 18 * names.length,
    x: { ...below.labelled("cycles since its begin"), ticks: narrow ? 4 : 8 },
    y: { domain: names, label: null, tickFormat: named.tick },
    color: { domain: parts, range: palette, legend: true },
    marks: [
      Plot.barX(rows, { x1: "begin", x2: "end", y: "name", fill: "part", insetTop: 1, insetBottom: 1,
        title: (row) => `${row.name}\n${row.part}: ${grouped(row.end - row.begin)} cycles` }),
      Plot.ruleX([0]),
    ],
  });
}

const heat = "#e8590c";  // stands out on light and on dark paper, the more so the more walks

// cells: { time, region, walks, again }
export function heatMap(caption, cells, regions, value) {
  const times = [...new Set(cells.map((cell) => cell.time))].sort((a, b) => a - b);  // those without a walk, too
  return figure(caption, caption, {
    marginLeft: 130,
    marginBottom: below.marginBottom,
    height: 94 + 18 * regions.length,
    x: { ...below.labelled("cycle"), type: "band", domain: times, ticks: times.filter((_, i) => i % Math.ceil(times.length / (narrow ? 3 : 8)) === 0), tickFormat: grouped },
    y: { domain: regions, label: null, tickFormat: hex },
    opacity: { range: [0.12, 1], type: "sqrt", label: value === "again" ? "walks for pages lost from the TLB" : "walks", legend: true, color: heat, marginLeft: 8 },
    marks: [
      Plot.cell(cells.filter((cell) => cell[value] > 0), { x: "time", y: "region", fill: heat, fillOpacity: value, inset: 0.5,
        title: (cell) => `${hex(cell.region)} at cycle ${grouped(cell.time)}\n${cell.walks} walks, ${cell.again} again` }),
    ],
  });
}

const least = narrow ? 150 : 500;  // a span is at least two pixels wide

// spans: { lane, begin, end, kind, name, pid }
export function timeline(caption, spans, lanes, from, to) {
  const groups = [...new Set(spans.map((span) => span.group))].sort();
  return figure(caption, caption, {
    marginLeft: 130,
    marginBottom: below.marginBottom,
    height: 84 + 30 * lanes.length,
    x: { domain: [from, to], ...below.labelled("cycle"), tickFormat: grouped, ticks: narrow ? 3 : 8, clamp: true },
    y: { domain: lanes, label: null },
    color: { domain: groups, range: palette, legend: true },
    marks: [
      Plot.barX(spans, { x1: (span) => Math.max(from, span.begin), x2: (span) => Math.max(span.end, span.begin + (to - from) / least), y: "lane", fill: "group", clip: true, insetTop: 2, insetBottom: 2,
        title: (span) => `${span.kind} ${span.name}, process ${span.pid}\ncycle ${grouped(span.begin)} to ${grouped(span.end)}: ${grouped(span.end - span.begin)}` }),
    ],
  });
}
