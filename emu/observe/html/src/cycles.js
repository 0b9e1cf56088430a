import { element, labelled } from "./dom.js";
import { stacks } from "./charts.js";

const privileges = ["user", "supervisor", "machine"];
const processName = (process) => (process.kind === "process" ? `${process.pid} ${process.name}` : process.name);

// Cycles by cause, or without a cycle model by privilege: { part: cycles } of one hart's or process's counters.
function partsOf(counters, privilege) {
  if (counters.stalls) return counters.stalls[privilege ?? "all"];
  const split = Object.fromEntries(privileges.map((name) => [name, counters[`cycles_${name}`]]));
  return privilege ? { [privilege]: split[privilege] } : split;
}

function groupsOf(report, by) {
  if (by === "hart") return report.harts.map((hart) => [`hart ${hart.hart}`, partsOf(hart)]);
  if (by === "privilege") return privileges.map((name) => [name, partsOf(report.total, name)]);
  return [...report.processes].sort((a, b) => b.ran.cycles - a.ran.cycles).slice(0, 16).map((process) => [processName(process), partsOf(process.ran)]);
}

export function cycles(report) {
  const modelled = report.total.stalls != null;
  const choices = ["hart", "privilege", ...(report.processes.length > 0 ? ["process"] : [])];
  const choice = element("select", {}, ...choices.map((name) => element("option", { value: name }, "by " + name)));
  const asleep = element("input", { type: "checkbox", checked: true });
  const place = element("div", { "aria-live": "polite" });
  const draw = () => {
    const groups = groupsOf(report, choice.value);
    const rows = groups.flatMap(([name, parts]) => Object.entries(parts)
      .filter(([part]) => asleep.checked || part !== "wfi").map(([part, value]) => ({ name, part, value })));
    const parts = [...new Set(rows.filter((row) => row.value > 0).map((row) => row.part))];
    place.replaceChildren(stacks(
      modelled ? "What kept the issue stage from issuing" : "Cycles by privilege (no cycle model: one instruction is one cycle)",
      rows, groups.map(([name]) => name), parts));
  };
  choice.addEventListener("change", draw);
  asleep.addEventListener("change", draw);
  draw();
  return [element("div", { class: "controls" }, labelled("Show", choice), modelled ? labelled("with sleep (wfi)", asleep) : null), place];
}
