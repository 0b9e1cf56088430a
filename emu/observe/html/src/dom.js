// Elements and numbers, in few words.

export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

// The same text on every reader's machine, whatever its language.
export const grouped = (number) => (number == null ? "" : String(number).replace(/\B(?=(\d{3})+(?!\d))/g, ","));
export const hex = (number) => (number == null ? "" : "0x" + BigInt(number).toString(16));
export const percent = (part, whole) => (whole ? ((100 * part) / whole).toFixed(1) + " %" : "");
export const ratio = (part, whole, digits = 2) => (whole ? (part / whole).toFixed(digits) : "");

let labels = 0;
export function labelled(text, control) {
  control.id ||= "control-" + ++labels;
  return element("label", { for: control.id }, text, control);
}
