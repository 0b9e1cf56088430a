// What a reader does with the HTML report; html_report.py puts this behind the page and reads the verdict.
(() => {
  const verdict = [];
  const hold = (sentence, holds, details = "") => verdict.push([sentence, Boolean(holds), String(details)]);
  const section = (id) => document.getElementById(id);
  const report = JSON.parse(document.getElementById("report").textContent);
  const cells = (frame, column) => [...frame.querySelectorAll("tbody tr")].map((row) => row.children[column].textContent);
  const number = (text) => Number(text.replaceAll(",", ""));
  const input = (control, value) => {
    control.value = value;
    control.dispatchEvent(new Event("input", { bubbles: true }));
    control.dispatchEvent(new Event("change", { bubbles: true }));
  };

  function sectionsAreThere() {
    const links = [...document.querySelectorAll("nav a")];
    hold("every link of the navigation has its section", links.length >= 9 && links.every((link) => section(link.getAttribute("href").slice(1))), links.length);
    hold("every section is named by its heading", [...document.querySelectorAll("main section")].every((part) => section(part.getAttribute("aria-labelledby"))));
    hold("the title names the program", document.title.includes(report.program));
  }

  function isUsableWithoutAMouse() {
    const controls = [...document.querySelectorAll("main select, main input")];
    hold("every control has a label", controls.every((control) => control.labels.length === 1), controls.filter((control) => control.labels.length !== 1).map((control) => control.outerHTML));
    hold("every table has a caption and heading cells with a scope", [...document.querySelectorAll("table")].every((table) => table.caption && [...table.tHead.querySelectorAll("th")].every((cell) => cell.scope === "col")));
    hold("charts are named for screen readers", [...document.querySelectorAll("figure svg[aria-label], figure svg[role=img]")].length >= 4);
    const ids = [...document.querySelectorAll("[id]")].map((node) => node.id).filter((id) => !id.startsWith("plot"));
    hold("no id is there twice", new Set(ids).size === ids.length, ids.filter((id, i) => ids.indexOf(id) !== i));
  }

  function tablesSort() {
    const frame = [...section("page-faults").querySelectorAll(".scroll")].at(-1);
    const heading = [...frame.querySelectorAll("th button")].find((button) => button.textContent === "No.");
    const column = [...frame.querySelectorAll("th")].indexOf(heading.parentElement);
    heading.click();
    const down = cells(frame, column).map(number);
    hold("a click on a heading sorts, largest first", down.every((value, i) => i === 0 || value <= down[i - 1]), down.slice(0, 5));
    hold("and tells so to screen readers", heading.parentElement.getAttribute("aria-sort") === "descending");
    heading.click();
    const up = cells(frame, column).map(number);
    hold("a second click sorts the other way", up[0] === 1 && up.every((value, i) => i === 0 || value >= up[i - 1]), up.slice(0, 5));
  }

  function tablesFilter() {
    const part = section("page-faults");
    const frame = [...part.querySelectorAll(".scroll")].at(-1);
    const search = [...part.querySelectorAll("input[type=search]")].at(-1);
    const before = frame.querySelectorAll("tbody tr").length;
    input(search, "cow_copy");
    const rows = [...frame.querySelectorAll("tbody tr")];
    const expected = report.faults.list.filter((fault) => fault.resolution === "cow_copy").length;
    hold("the filter keeps the rows that have the word", rows.length === Math.min(expected, 200) && rows.every((row) => row.textContent.includes("cow_copy")), `${rows.length} of ${expected}`);
    input(search, "");
    hold("without a word all are back", frame.querySelectorAll("tbody tr").length === before);
  }

  function faultsAreExplained() {
    const part = section("page-faults");
    const row = [...part.querySelectorAll(".scroll")].at(-1).querySelector("tbody tr");
    const panel = part.querySelector(".panel");
    hold("no fault is explained before one is chosen", panel.hidden);
    const button = row.querySelector("button");
    button.focus();
    hold("a row begins with a button that says what it does", document.activeElement === button && button.getAttribute("aria-label") === `Explain fault ${number(button.textContent)}`, button.outerHTML);
    button.click();  // what Enter and the space bar do
    hold("it explains the row's fault", !panel.hidden && panel.textContent.startsWith(`Fault ${number(button.textContent)}:`), panel.textContent);
    hold("the row is marked as chosen", row.getAttribute("aria-current") === "true");
    row.nextElementSibling.lastElementChild.click();
    hold("a click anywhere on another row chooses that", row.nextElementSibling.getAttribute("aria-current") === "true" && row.getAttribute("aria-current") == null);
  }

  function costsAreSorted() {
    const frame = section("summary").querySelector(".scroll");
    const cycles = cells(frame, 3).map(number);
    hold("what cost most stands first", cycles.length > 3 && cycles.every((value, i) => i === 0 || value <= cycles[i - 1]), cycles);
    const { count, cycles: sums } = report.kernel.faults;
    for (const name of Object.keys(count).filter((key) => count[key] > 0)) {
      const row = [...frame.querySelectorAll("tbody tr")].find((line) => line.firstElementChild.textContent === `page fault: ${name}`);
      hold(`faults resolved by ${name} are among what cost most`, row && number(row.children[1].textContent) === count[name] && number(row.lastElementChild.textContent) === sums[name]);
    }
  }

  function mapsSlide() {
    const part = section("who-shares-what");
    const slider = part.querySelector("input[type=range]");
    const title = () => part.querySelector("svg title").textContent;
    const first = title();
    part.querySelector("#moment-after").click();
    const second = title();
    hold("Later shows the next moment", first !== second && second.includes(report.sharing.moments[1].what), second);
    hold("before and after the same write have different frames, or another right", part.querySelectorAll("svg rect").length > 2);
    input(slider, slider.max);
    hold("the slider goes to the last moment", title().includes(report.sharing.moments.at(-1).what), title());
    part.querySelector("#moment-before").click();
    hold("Earlier goes back", slider.value === String(slider.max - 1));
  }

  function chartsFollowTheirControls() {
    const part = section("where-the-cycles-went");
    const choice = part.querySelector("select");
    const text = () => part.querySelector("figure").textContent;
    for (const by of ["privilege", "process", "hart"]) {
      input(choice, by);
      const name = { privilege: "supervisor", process: report.processes.at(-1).name, hart: "hart 0" }[by];
      hold(`cycles by ${by} name a ${by}`, text().includes(name), text().slice(0, 300));
    }
    const time = section("timeline");
    const box = time.querySelector("input[value=process]");
    const lanes = () => time.querySelector("figure").textContent.includes("hart 0 process");
    const before = lanes();
    box.click();
    hold("a kind of span can be left out of the timeline", before && !lanes());
    box.click();
  }

  function fitsTheScreen() {
    const wide = [...document.querySelectorAll("main *")].filter((node) => node.closest(".scroll, figure, pre") == null && node.getBoundingClientRect().right > innerWidth + 1);
    hold("nothing but tables and figures, which scroll, is wider than the screen", document.documentElement.scrollWidth <= innerWidth && wide.length === 0,
      `${document.documentElement.scrollWidth} of ${innerWidth}: ${wide.slice(0, 3).map((node) => node.outerHTML.slice(0, 100))}`);
  }

  function themesSwitch() {
    const button = section("theme");
    const paper = () => getComputedStyle(document.body).backgroundColor;
    button.click();
    const light = paper();
    button.click();
    const dark = paper();
    hold("the theme button goes from light to dark", light === "rgb(255, 255, 255)" && dark !== light, `${light}, ${dark}`);
    button.click();
    hold("and back to the system's", document.documentElement.dataset.theme === undefined);
  }

  for (const act of [sectionsAreThere, isUsableWithoutAMouse, tablesSort, tablesFilter, faultsAreExplained, costsAreSorted, mapsSlide, chartsFollowTheirControls, fitsTheScreen, themesSwitch]) {
    try {
      act();
    } catch (error) {
      hold(`${act.name} runs`, false, error.stack);
    }
  }
  const place = document.createElement("pre");
  place.id = "verdict";
  place.textContent = JSON.stringify(verdict);
  document.body.append(place);
})();
