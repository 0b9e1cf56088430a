// A table that sorts (buttons in its headings) and filters (a search field), for mouse, keyboard and screen reader.
import { element, labelled } from "./dom.js";

const most = 200; // rows shown at once

// columns: { title, value(row), text(row)?, number?, wide? }; select: rows can be chosen, { row(row), name(row) }: what is done, and what it is called.
export function table({ caption, columns, rows, filter = true, sort = null, descending = true, select = null }) {
  const body = element("tbody");
  const status = element("p", { class: "note", role: "status" });
  const search = element("input", { type: "search", placeholder: "any column" });
  const more = element("button", { type: "button", hidden: true }, "Show all rows");
  let order = sort, down = descending, all = false;

  const text = (column, row) => String((column.text ?? column.value)(row) ?? "");
  const headings = columns.map((column) => {
    const button = element("button", { type: "button" }, column.title);
    const heading = element("th", { scope: "col", class: column.number ? "number" : false }, button);
    button.addEventListener("click", () => {
      down = order === column ? !down : Boolean(column.number);
      order = column;
      draw();
    });
    return heading;
  });

  function shown() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const kept = rows.filter((row) => {
      if (words.length === 0) return true;
      const line = columns.map((column) => text(column, row)).join(" ").toLowerCase();
      return words.every((word) => line.includes(word));
    });
    if (order == null) return kept;
    const key = (row) => order.value(row) ?? (order.number ? -1 : "");
    const compare = (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
    return kept.map((row, i) => [row, i]).sort(([a, i], [b, j]) => (down ? -1 : 1) * compare(a, b) || i - j).map(([row]) => row);
  }

  function choose(line, row) {
    for (const other of body.querySelectorAll("[aria-current]")) other.removeAttribute("aria-current");
    line.setAttribute("aria-current", "true");
    select.row(row);
  }

  // The first cell of a row that can be chosen is a button: what a mouse does anywhere on the row, a keyboard does there.
  function choosable(line, row) {
    const first = line.firstElementChild;
    first.replaceChildren(element("button", { type: "button", "aria-label": select.name(row) }, first.textContent));
    line.className = "choice";
    line.addEventListener("click", () => choose(line, row));
  }

  function rowLine(row) {
    const cells = columns.map((column) =>
      element("td", { class: [column.number && "number", column.wide && "wide"].filter(Boolean).join(" ") || false }, text(column, row)));
    const line = element("tr", {}, ...cells);
    if (select != null) choosable(line, row);
    return line;
  }

  function draw() {
    const kept = shown();
    const visible = all ? kept : kept.slice(0, most);
    body.replaceChildren(...visible.map(rowLine));
    more.hidden = visible.length === kept.length;
    status.textContent = `${visible.length} of ${rows.length} rows`;
    columns.forEach((column, i) =>
      headings[i].setAttribute("aria-sort", order === column ? (down ? "descending" : "ascending") : "none"));
  }

  search.addEventListener("input", draw);
  more.addEventListener("click", () => { all = true; draw(); });
  draw();
  const frame = element("div", { class: "scroll", role: "region", "aria-label": caption, tabindex: "0" },
    element("table", {}, element("caption", {}, caption), element("thead", {}, element("tr", {}, ...headings)), body));
  const controls = filter && rows.length > 5 ? element("div", { class: "controls" }, labelled("Filter", search), status, more) : null;
  return element("div", {}, controls, frame);
}
