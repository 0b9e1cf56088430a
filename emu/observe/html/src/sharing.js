import { element, grouped, hex, labelled, percent } from "./dom.js";
import { table } from "./table.js";
import { waterfall } from "./charts.js";

const number = (title, value) => ({ title, number: true, value, text: (row) => grouped(value(row)) });
const latency = (event) => Object.values(event.phases).reduce((sum, cycles) => sum + cycles, 0);
const nameOf = (event) => `${event.id}: ${event.hart} → ${event.slowest}`;

function phaseRows(events) {
  return events.flatMap((event) => {
    let at = 0;
    return Object.entries(event.phases).map(([part, cycles]) => ({ name: nameOf(event), part, begin: at, end: (at += cycles) }));
  }).filter((row) => row.end > row.begin);
}

export function shootdowns(report) {
  if (report.kernel == null) return null;
  const { shootdowns: all } = report.kernel;
  const counts = `${grouped(all.initiated)} initiated, ${grouped(all.avoided)} avoided.`;
  if (all.completed === 0) return [element("p", {}, counts)];
  const place = element("div");
  const order = element("select", {}, element("option", { value: "slow" }, "the slowest"), element("option", { value: "first" }, "the first"));
  const draw = () => {
    const events = [...all.events];
    if (order.value === "slow") events.sort((a, b) => latency(b) - latency(a) || a.id - b.id);
    const shown = events.slice(0, 30);
    place.replaceChildren(waterfall("Number: hart that asks → its slowest target. The phases of that target add up to the shootdown's latency", phaseRows(shown), shown.map(nameOf), Object.keys(all.phases)));
  };
  order.addEventListener("change", draw);
  draw();
  const spread = Object.entries(all.spread).map(([name, values]) => ({ name, ...values }));
  const cyclesColumn = number("Cycles", latency);
  return [
    element("p", {}, `${counts} ${grouped(all.targets)} harts were asked; ${grouped(all.wasted)} of them had nothing to drop: `
      + `${grouped(all.wasted_cycles)} cycles, ${percent(all.wasted_cycles, all.target_cycles)} of what targets spent, were wasted.`),
    table({ caption: "Cycles: percentiles over the shootdowns", filter: false, rows: spread, columns: [
      { title: "Phase", value: (row) => row.name }, ...["p50", "p90", "p99", "max", "sum"].map((key) => number(key, (row) => row[key])),
    ] }),
    element("div", { class: "controls" }, labelled("Show", order)), place,
    table({ caption: "Shootdowns", rows: all.events, sort: cyclesColumn, columns: [
      number("Id", (event) => event.id), number("At cycle", (event) => event.cycle), number("Process", (event) => event.pid), number("Hart", (event) => event.hart),
      { title: "From", value: (event) => event.first ?? -1, text: (event) => (event.first == null ? "everything" : hex(event.first)) },
      { title: "Pages", number: true, value: (event) => event.pages || Infinity, text: (event) => (event.first == null ? "all" : grouped(event.pages)) },
      number("Targets", (event) => event.targets.length),
      number("In vain", (event) => event.targets.filter((target) => target.removed === 0).length),
      cyclesColumn,
    ] }),
    all.events_left_out > 0 ? element("p", { class: "note" }, `${grouped(all.events_left_out)} more are counted, but not kept one by one.`) : null,
  ];
}

export function sharing(report, figures) {
  const { moments } = report.sharing;
  if (moments.length === 0) return null;
  const drawn = figures();
  const figure = element("figure", { class: "map" });
  const words = element("output", {});
  const slider = element("input", { type: "range", min: 1, max: moments.length, value: 1, step: 1 });
  const show = () => {
    const at = Number(slider.value) - 1;
    figure.innerHTML = drawn[at];
    words.textContent = `${at + 1} of ${moments.length}, cycle ${grouped(moments[at].cycle)}: ${moments[at].what}`;
    slider.setAttribute("aria-valuetext", words.textContent);
  };
  const step = (by) => () => { slider.value = Number(slider.value) + by; show(); };
  slider.addEventListener("input", show);
  show();
  return [
    element("p", { class: "soft" }, "The pages around each page that was written, before and after: processes left and right, frames between. Solid: may write; dashed: may only read."),
    element("div", { class: "controls" }, element("button", { type: "button", onclick: step(-1), id: "moment-before" }, "Earlier"),
      labelled("Moment", slider), element("button", { type: "button", onclick: step(1), id: "moment-after" }, "Later")),
    words, figure,
  ];
}
