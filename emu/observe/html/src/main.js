// The report's page: reads the data beside it and draws one section after the other.
import { element } from "./dom.js";
import { summary } from "./summary.js";
import { cycles } from "./cycles.js";
import { faults, copies } from "./memory.js";
import { shootdowns, sharing } from "./sharing.js";
import { tlb, timeSpans } from "./time.js";
import { counters, configuration } from "./counters.js";

const data = (id) => JSON.parse(document.getElementById(id).textContent);

function themeButton() {
  const button = document.getElementById("theme");
  const themes = ["system", "light", "dark"];
  let at = 0;
  button.addEventListener("click", () => {
    at = (at + 1) % themes.length;
    if (themes[at] === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = themes[at];
    button.textContent = `Theme: ${themes[at]}`;
  });
}

const report = data("report");
const sections = [
  ["Summary", summary], ["Where the cycles went", cycles], ["Page faults", faults], ["Copies", copies],
  ["TLB shootdowns", shootdowns], ["Who shares what", sharing], ["TLB", tlb], ["Timeline", timeSpans],
  ["Counters", counters], ["Configuration", configuration],
];

themeButton();
document.title = `${report.program} - Hartbeat report`;
document.getElementById("title").textContent = [report.program, ...report.arguments].join(" ");
document.getElementById("lead").textContent =
  `${report.ending}; exit status ${report.exit_status}. ${report.timing.statement}.`;
const main = document.getElementById("main");
main.replaceChildren();
for (const [title, draw] of sections) {
  const content = draw(report, () => data("figures"));
  if (content == null) continue;
  const id = title.toLowerCase().replaceAll(" ", "-");
  document.getElementById("sections").append(element("li", {}, element("a", { href: "#" + id }, title)));
  main.append(element("section", { id, "aria-labelledby": id + "-title" },
    element("h2", { id: id + "-title" }, title), ...content.filter((part) => part != null)));
}
