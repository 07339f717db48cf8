"use strict";
const rows = JSON.parse(document.getElementById("data").textContent);
const form = document.getElementById("filters");
const list = document.getElementById("list");
const detail = document.getElementById("row");
const FILTERS = {
  kind: { title: "Kind", of: (row) => [row.kind] },
  language: { title: "Seed's language", of: (row) => [row.language] },
  fence: { title: "Solution's language", of: (row) => (row.fence ? [row.fence] : []) },
  reason: { title: "Check and reason", of: (row) => (row.reason ? [row.reason] : []) },
  category: { title: "Category", of: (row) => (row.category ? [row.category] : []) },
  label: { title: "Label", of: (row) => row.labels || [] },
};
const KEYWORDS = new Set(
  ("abstract and as async await boolean break bool case catch char class const continue def default defer del do done " +
    "double elif else end enum except export extends false False fi final finally float fn for foreach from fun func " +
    "function go guard if impl implements import in int interface is lambda let long loop match mod mut namespace new " +
    "nil None not null or override package pass private protected pub public raise return self static string struct " +
    "super switch template then this throw throws trait true True try type typename use using var virtual void where " +
    "while with yield")
    .split(" "),
);
// Each alternative matches once it has begun, closed or not, so no text makes them look at a character twice.
const HASH = /(?<![\w$&{])#[^\n]*/.source;
const SLASHES = /\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)/.source;
const TRIPLE = /"""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)/.source;
const DOUBLE = /"(?:\\[^]|[^"\\\n])*"?/.source;
const SINGLE = /'(?:\\[^]|[^'\\\n])*'?/.source;
const LETTER = /'(?:\\[^'\n]{1,9}|\\'|[^'\\\n])'/.source;
const BACK = /`(?:\\[^]|[^`\\])*`?/.source;
const REST = /\d[\w.]*|[A-Za-z_]\w*/.source;
const tokens = (...kinds) => new RegExp([...kinds, REST].join("|"), "g");
const PYTHON = tokens(HASH, TRIPLE, DOUBLE, SINGLE);
const SHELL = tokens(HASH, DOUBLE, SINGLE);
const PHP = tokens(HASH, SLASHES, DOUBLE, SINGLE);
const SCRIPT = tokens(SLASHES, DOUBLE, SINGLE, BACK);
const TYPED = tokens(SLASHES, TRIPLE, DOUBLE, LETTER);
const TOKENS = {
  python: PYTHON, py: PYTHON, python3: PYTHON,
  shell: SHELL, bash: SHELL, sh: SHELL, ruby: SHELL, rb: SHELL, yaml: SHELL, toml: SHELL, perl: SHELL, r: SHELL,
  php: PHP,
  javascript: SCRIPT, js: SCRIPT, typescript: SCRIPT, ts: SCRIPT, jsx: SCRIPT, tsx: SCRIPT, go: SCRIPT,
};

function element(name, text, className) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function kindOf(token) {
  if (/^(#|\/\/|\/\*)/.test(token)) return "c";
  if (/^["'`]/.test(token)) return "s";
  if (/^\d/.test(token)) return "n";
  return KEYWORDS.has(token) ? "k" : "";
}

function code(text, language) {
  const made = document.createDocumentFragment();
  let position = 0;
  for (const found of text.matchAll(Object.hasOwn(TOKENS, language) ? TOKENS[language] : TYPED)) {
    const kind = kindOf(found[0]);
    if (!kind) continue;
    made.append(text.slice(position, found.index), element("span", found[0], kind));
    position = found.index + found[0].length;
  }
  made.append(text.slice(position));
  return made;
}

function fenced(text) {
  const made = document.createDocumentFragment();
  const pieces = text.split(/^(```[^\n]*\n?)/m);
  let language = null;
  for (const piece of pieces) {
    const isFence = piece.startsWith("```");
    made.append(language !== null && !isFence ? code(piece, language) : piece);
    if (isFence) language = language === null ? piece.slice(3).trim().toLowerCase().split(/[\s{,]/)[0] : null;
  }
  return made;
}

function searched(row) {
  // Not the prompt: what its template says is in every row.
  const texts = row.texts.filter(([title]) => title !== "Prompt").map(([, text]) => text);
  row.text ??= [row.id, row.title, ...Object.values(row.facts), ...texts].join("\n").toLowerCase();
  return row.text;
}

function wanted() {
  return (row) =>
    Object.entries(FILTERS).every(([name, filter]) => !view.get(name) || filter.of(row).includes(view.get(name))) &&
    (view.get("q") || "").toLowerCase().split(/\s+/).every((word) => searched(row).includes(word));
}

function fill(select, filter) {
  const counts = new Map();
  for (const row of rows) for (const value of filter.of(row)) counts.set(value, (counts.get(value) || 0) + 1);
  const all = element("option", "all");
  all.value = "";
  select.append(all);
  for (const [value, count] of [...counts].sort((one, other) => (one[0] < other[0] ? -1 : 1))) {
    const option = element("option", `${value} (${count})`);
    option.value = value;
    select.append(option);
  }
}

function ask() {
  for (const [name, filter] of Object.entries(FILTERS)) {
    const label = element("label", filter.title + " ");
    const select = element("select");
    select.name = name;
    fill(select, filter);
    label.append(select);
    form.append(label);
  }
}

// A link to a section is no view: what was searched and chosen stays.
function look() {
  if (location.hash.includes("=") || location.hash.length < 2) view = new URLSearchParams(location.hash.slice(1));
  render();
}

function go(changes) {
  for (const [name, value] of Object.entries(changes)) value ? view.set(name, value) : view.delete(name);
  location.replace("#" + (view.toString() || "rows"));
}

function listed(row, number) {
  const button = element("button", row.title || "(no text)");
  button.type = "button";
  button.dataset.number = number;
  const about = [row.kind, row.language, row.reason || row.category, ...(row.labels || [])];
  button.append(element("small", about.join(" · ")));
  const item = element("li");
  item.append(button);
  return item;
}

function facts(row) {
  const made = element("dl");
  for (const [name, value] of Object.entries(row.facts)) made.append(element("dt", name), element("dd", value));
  return made;
}

function show(row, missing) {
  detail.replaceChildren();
  if (missing) detail.append(element("p", missing, "missing"));
  if (!row) return;
  detail.append(element("h3", `${row.kind}: ${row.reason || row.category}`), facts(row));
  const sides = element("div", "", "sides");
  for (const [title, text, isCode] of row.texts) {
    const side = element("section");
    const shown = element("pre");
    shown.tabIndex = 0;
    shown.setAttribute("role", "group");
    shown.setAttribute("aria-label", title);
    shown.append(isCode ? code(text, row.language) : fenced(text));
    side.append(element("h4", title), shown);
    sides.append(side);
  }
  const back = element("button", "Back to the list", "back");
  back.type = "button";
  back.addEventListener("click", focusList);
  detail.append(sides, back);
}

function buttons() {
  return [...list.querySelectorAll("button")];
}

// One of the buttons is reached by the tab key, the others from it by arrow keys.
function mark(number) {
  const current = buttons().find((button) => button.dataset.number === String(number));
  for (const button of buttons()) {
    button.setAttribute("aria-current", String(button === current));
    button.tabIndex = button === (current || list.querySelector("button")) ? 0 : -1;
  }
  if (current && current !== document.activeElement) {
    const top = current.offsetTop - list.offsetTop;
    list.scrollTop = Math.max(Math.min(list.scrollTop, top), top + current.offsetHeight - list.clientHeight);
  }
}

function focusList() {
  (list.querySelector("button[aria-current=true]") || list.querySelector("button"))?.focus();
}

function choose(control, value) {
  control.value = value;
  if (control.value === value) return;
  const option = element("option", `${value} (no row here)`);
  option.value = value;
  control.append(option);
  control.value = value;
}

let before = null;
let view = new URLSearchParams();

function render() {
  for (const control of form.elements) if (control !== document.activeElement) choose(control, view.get(control.name) || "");
  const filters = [...Object.keys(FILTERS), "q"].map((name) => view.get(name) || "").join("\n");
  const matches = wanted();
  const numbers = rows.map((_, number) => number).filter((number) => matches(rows[number]));
  if (filters !== before) {
    before = filters;
    list.replaceChildren(...numbers.map((number) => listed(rows[number], number)));
    document.getElementById("count").textContent = `${numbers.length} of ${rows.length} rows`;
  }
  const id = view.get("row");
  const named = id ? place(id) : -1;
  if (id && named < 0) {
    mark(-1);
    show(null, `The row ${id} is not among the rows of this page. Where the run is, this finds it: magicoder-gen show RUN ${id}`);
    return;
  }
  const number = id ? named : numbers[0];
  mark(number);
  show(rows[number], id && !numbers.includes(named) ? "The filters leave this row out; the address names it." : "");
}

// What the address calls a row, or the beginning of it.
function place(key) {
  const exact = rows.findIndex((row) => keyOf(row) === key);
  return exact < 0 ? rows.findIndex((row) => keyOf(row).startsWith(key)) : exact;
}

function keyOf(row) {
  return row.key || row.id;
}

const isNarrow = matchMedia("(max-width: 46rem)");
list.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  go({ row: keyOf(rows[button.dataset.number]) });
  if (isNarrow.matches && event.detail) setTimeout(() => detail.scrollIntoView());
});
list.addEventListener("keydown", (event) => {
  const item = event.target.closest("li");
  const next = {
    ArrowDown: item?.nextElementSibling,
    ArrowUp: item?.previousElementSibling,
    Home: list.firstElementChild,
    End: list.lastElementChild,
  }[event.key];
  if (event.key === "Enter") setTimeout(() => detail.focus());
  if (!next) return;
  event.preventDefault();
  next.firstChild.focus();
  next.firstChild.click();
});
form.addEventListener("input", (event) => go({ [event.target.name]: event.target.value, row: "" }));
form.addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isSearch = event.target === form.elements.q;
  if (event.key === "/" && !event.target.closest("input, select")) {
    event.preventDefault();
    form.elements.q.focus();
  } else if (event.key === "Escape" && isSearch && form.elements.q.value) {
    event.preventDefault();
    form.elements.q.value = "";
    go({ q: "" });
  } else if ((event.key === "Escape" && event.target.closest("#rows")) || (event.key === "ArrowDown" && isSearch)) {
    event.preventDefault();
    focusList();
  }
});
addEventListener("hashchange", look);
ask();
look();
if (location.hash.includes("=")) document.getElementById("rows").scrollIntoView();
