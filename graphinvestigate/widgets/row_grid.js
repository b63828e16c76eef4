// Rows that Python keeps, sorts and filters: the page asks for a hundred at a time and draws those in view.
// Whatever comes from records is put into the page as text, never as markup.
const HIGH = 28; // pixels of a row, as in row_grid.css
const PAGE = 100;
const SPARE = 8; // rows drawn above and below those in view
const TALLEST = 8_000_000; // pixels; browsers give up above some thirty millions
let views = 0;

function made(tag, css, attributes = {}, text = "") {
  const node = document.createElement(tag);
  node.className = css;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

// JupyterLab takes single keys for commands when no text field has the focus: `x` cuts a cell. None may get through.
function keepKeys(root) {
  if (root.dataset.giKeys) return;
  root.dataset.giKeys = "kept";
  root.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  });
}

function render({ model, el }) {
  shieldKeys();
  nameControls();
  const id = `gi-rg-${++views}-${Math.random().toString(36).slice(2, 8)}`;
  const grid = made("div", "gi-rg", { role: "grid", tabindex: "0", "aria-multiselectable": "true" });
  const head = made("div", "gi-rg-head", { role: "row", "aria-rowindex": "1" });
  const headGroup = made("div", "gi-rg-headgroup", { role: "rowgroup" });
  const body = made("div", "gi-rg-body", { role: "rowgroup" });
  const status = made("div", "gi-rg-status", { role: "status" });
  const empty = made("div", "gi-rg-empty", { role: "note" });
  headGroup.append(head);
  grid.append(headGroup, body);
  el.append(grid, empty, status);

  let pages = new Map(); // number of a page → { rows, on }
  let asked = new Map(); // number of a page → when it was asked for
  let drawn = new Map(); // place of a row → its element
  let cursor = 0;
  let anchor = 0;
  let waiting = []; // what Python has not been told yet
  let inFlight = 0;
  let answered = performance.now();
  let timer = 0;

  const total = () => model.get("total");
  const columns = () => model.get("columns");
  const say = (message) => model.send({ ...message, version: model.get("version") });

  // ---- what Python is told --------------------------------------------------------------------------------
  function tell(message) {
    // Bursts: a pick that replaces what was picked makes those before it that wait still needless.
    if (message.how === "only" || message.how === "range") {
      while (waiting.length && waiting[waiting.length - 1].type === "pick") waiting.pop();
    }
    waiting.push(message);
    if (!inFlight || performance.now() - inFlight > 5000) next();
  }
  function next() {
    inFlight = 0;
    const message = waiting.shift();
    if (message) {
      inFlight = performance.now();
      say(message);
    }
  }
  function ask(numbers) {
    const now = performance.now();
    const missing = numbers.filter((k) => !pages.has(k) && !(now - (asked.get(k) ?? -1e9) < 4000));
    if (!missing.length) return;
    for (const k of missing) asked.set(k, now);
    say({ type: "pages", pages: missing });
    setTimeout(check, 4200);
  }
  function check() {
    const silent = performance.now() - answered > 4000 && [...asked.keys()].some((k) => !pages.has(k));
    status.textContent = silent ? "The kernel does not answer: it is busy, or it was stopped." : model.get("note");
    if (silent) draw();
  }

  // ---- where things are ------------------------------------------------------------------------------------
  const tall = () => Math.min(total() * HIGH, TALLEST);
  const room = () => Math.max(grid.clientHeight - headGroup.offsetHeight, HIGH);
  const stretched = () => total() * HIGH > TALLEST;
  function firstInView() {
    if (!stretched()) return Math.floor(grid.scrollTop / HIGH);
    const most = Math.max(tall() - room(), 1);
    return Math.round((grid.scrollTop / most) * Math.max(total() - Math.floor(room() / HIGH), 0));
  }
  const inView = () => Math.max(Math.floor(room() / HIGH), 1);
  function reveal(at) {
    const first = firstInView();
    const fits = inView();
    let wanted = first;
    if (at < first) wanted = at;
    else if (at >= first + fits) wanted = at - fits + 1;
    else if (!stretched() && at * HIGH >= grid.scrollTop) return;
    const most = Math.max(tall() - room(), 0);
    grid.scrollTop = stretched() ? (wanted / Math.max(total() - fits, 1)) * most : wanted * HIGH;
  }

  // ---- drawing ---------------------------------------------------------------------------------------------
  function widths() {
    const all = columns();
    grid.style.setProperty("--gi-rg-columns", all.map((c) => `minmax(${c.least}px, ${c.share}fr)`).join(" "));
    grid.style.setProperty("--gi-rg-least", `${all.reduce((sum, c) => sum + c.least, 0)}px`);
  }
  function drawHead() {
    const sorted = model.get("sort");
    const focused = head.contains(document.activeElement) ? document.activeElement.dataset.at : null;
    head.replaceChildren(
      ...columns().map((column, at) => {
        const on = sorted.column === at;
        const cell = made("div", "gi-rg-cell", { role: "columnheader", "aria-colindex": at + 1 });
        cell.setAttribute("aria-sort", on ? (sorted.descending ? "descending" : "ascending") : "none");
        const button = made("button", "gi-rg-sort", { type: "button", title: `Sort by ${column.header}` });
        button.dataset.at = at;
        button.tabIndex = at === (focused ?? 0) * 1 ? 0 : -1;
        button.append(column.header, made("span", "gi-rg-arrow", { "aria-hidden": "true" },
          on ? (sorted.descending ? " ▼" : " ▲") : ""));
        cell.append(button);
        return cell;
      }),
    );
    if (focused !== null) head.querySelector(`[data-at="${focused}"]`)?.focus();
  }
  function fill(row, at) {
    const page = pages.get(Math.floor(at / PAGE));
    const cells = page?.rows[at % PAGE];
    const on = page?.on[at % PAGE] === "1";
    row.classList.toggle("gi-rg-on", on);
    row.classList.toggle("gi-rg-cursor", at === cursor);
    row.setAttribute("aria-selected", on ? "true" : "false");
    if (row.content === cells && cells) return;
    row.content = cells;
    row.setAttribute("aria-busy", cells ? "false" : "true");
    row.replaceChildren(
      ...columns().map((_, number) => {
        const [text, css, hint] = cells ? cells[number] : ["…", "", ""];
        const cell = made("div", `gi-rg-cell ${css}`, { role: "gridcell", "aria-colindex": number + 1 }, text);
        cell.title = hint || text;
        return cell;
      }),
    );
  }
  function draw() {
    const first = Math.max(firstInView() - SPARE, 0);
    const end = Math.min(firstInView() + inView() + SPARE + 1, total());
    const base = stretched() ? grid.scrollTop - firstInView() * HIGH : 0;
    for (const [at, row] of drawn) {
      if (at < first || at >= end) {
        row.remove();
        drawn.delete(at);
      }
    }
    let before = null;
    for (let at = first; at < end; at++) {
      let row = drawn.get(at);
      if (!row) {
        row = made("div", "gi-rg-row", { role: "row", id: `${id}-${at}`, "aria-rowindex": at + 2 });
        row.at = at;
        drawn.set(at, row);
        if (before) before.after(row);
        else body.prepend(row);
      }
      row.style.transform = `translateY(${base + at * HIGH}px)`;
      fill(row, at);
      before = row;
    }
    if (drawn.has(cursor) && total()) grid.setAttribute("aria-activedescendant", `${id}-${cursor}`);
    else grid.removeAttribute("aria-activedescendant");
    const wanted = [];
    for (let k = Math.floor(first / PAGE); k <= Math.floor(Math.max(end - 1, 0) / PAGE); k++) wanted.push(k);
    if (total()) ask(wanted);
  }
  function soon(call, after) {
    clearTimeout(timer);
    timer = setTimeout(call, after);
  }
  function size() {
    body.style.height = `${Math.max(tall(), total() ? 0 : HIGH)}px`;
    empty.textContent = total() ? "" : model.get("empty");
    const frame = grid.offsetHeight - grid.clientHeight; // borders, and the scroll bar where there is one
    grid.style.height = `${model.get("rows") * HIGH + Math.max(headGroup.offsetHeight, HIGH) + frame}px`;
    empty.style.top = `${-(model.get("rows") * HIGH) / 2}px`;
    grid.setAttribute("aria-rowcount", total() + 1);
    grid.setAttribute("aria-colcount", columns().length);
    grid.setAttribute("aria-label", model.get("label"));
  }
  function all() {
    pages = new Map();
    asked = new Map();
    for (const row of drawn.values()) row.content = undefined;
    cursor = Math.max(Math.min(model.get("cursor"), total() - 1), 0);
    anchor = cursor;
    size();
    drawHead();
    reveal(cursor);
    soon(draw, 30); // Python sends the page of the cursor right behind
  }

  // ---- what comes from Python ------------------------------------------------------------------------------
  const onMessage = (message) => {
    answered = performance.now();
    status.textContent = model.get("note");
    if (message.version !== model.get("version")) return;
    if (message.type === "pages") {
      for (const page of message.pages) pages.set(page.page, { rows: page.rows, on: page.on });
    } else if (message.type === "marks") {
      const on = new Map(message.pages.map((page) => [page.page, page.on]));
      for (const [number, page] of pages) {
        if (on.has(number)) page.on = on.get(number);
        else pages.delete(number), asked.delete(number);
      }
      if (message.answers) next();
    }
    draw();
  };
  const onVersion = () => {
    waiting = []; // they name places of rows that stand elsewhere now
    inFlight = 0;
    all();
  };
  const onReveal = () => {
    cursor = anchor = Math.max(Math.min(model.get("cursor"), total() - 1), 0);
    reveal(cursor);
    draw();
  };
  const onColumns = () => (widths(), all());
  const onNote = () => (status.textContent = model.get("note"));
  model.on("msg:custom", onMessage);
  model.on("change:version", onVersion);
  model.on("change:reveal", onReveal);
  model.on("change:columns", onColumns);
  model.on("change:sort", drawHead);
  model.on("change:note", onNote);

  // ---- what users do ---------------------------------------------------------------------------------------
  function pick(at, event) {
    if (!total()) return;
    const to = Math.max(Math.min(at, total() - 1), 0);
    cursor = to;
    if (event.shiftKey) tell({ type: "pick", how: event.ctrlKey || event.metaKey ? "extend" : "range", row: to, anchor });
    else {
      anchor = to;
      tell({ type: "pick", how: event.ctrlKey || event.metaKey ? "toggle" : "only", row: to });
    }
    reveal(to);
    draw();
  }
  grid.addEventListener("scroll", () => {
    // Rows that are known are drawn at once; others only when the scroll bar rests.
    const first = Math.floor(firstInView() / PAGE);
    if (pages.has(first) && pages.has(Math.floor((firstInView() + inView()) / PAGE))) draw();
    else soon(draw, 40);
  });
  grid.addEventListener("mousedown", (event) => {
    if (event.shiftKey) event.preventDefault(); // no text is marked while rows are
  });
  grid.addEventListener("click", (event) => {
    const button = event.target.closest(".gi-rg-sort");
    if (button) return tell({ type: "sort", column: Number(button.dataset.at) });
    const row = event.target.closest(".gi-rg-row");
    if (!row || (!event.shiftKey && String(getSelection()).length && !getSelection().isCollapsed)) return;
    pick(row.at, event);
  });
  grid.addEventListener("dblclick", (event) => {
    if (event.target.closest(".gi-rg-row")) tell({ type: "open", row: cursor });
  });
  grid.addEventListener("keydown", (event) => {
    const { key } = event;
    const command = event.ctrlKey || event.metaKey;
    if (event.target.closest(".gi-rg-sort")) {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
      const to = step && head.querySelector(`[data-at="${Number(event.target.dataset.at) + step}"]`);
      if (to) {
        event.target.tabIndex = -1;
        to.tabIndex = 0;
        to.focus();
        event.preventDefault();
      }
      return;
    }
    if (event.altKey) return;
    const moves = {
      ArrowDown: cursor + 1, ArrowUp: cursor - 1, PageDown: cursor + inView(), PageUp: cursor - inView(),
      Home: 0, End: total() - 1,
    };
    if (key in moves) {
      if (command && !event.shiftKey) {
        cursor = Math.max(Math.min(moves[key], total() - 1), 0); // look around, select nothing
        reveal(cursor);
        draw();
      } else pick(moves[key], event);
    } else if (key === " ") {
      anchor = cursor;
      tell({ type: "pick", how: "toggle", row: cursor });
    } else if (command && key.toLowerCase() === "a" && !event.shiftKey) tell({ type: "all" });
    else if (key === "Escape") tell({ type: "none" });
    else if (key === "Enter" && !command) {
      tell({ type: "open", row: cursor });
      el.closest(".gi-root")?.querySelector(".gi-opened")?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });

  // ---- once it stands in the page --------------------------------------------------------------------------
  let settled = false;
  const settle = new ResizeObserver(() => {
    size();
    if (!settled) reveal(cursor);
    settled = true;
    const root = el.closest(".gi-root");
    if (root) keepKeys(root);
    const pane = root?.querySelector(".gi-opened");
    if (pane && !pane.hasAttribute("tabindex")) {
      pane.setAttribute("tabindex", "0"); // it scrolls, so keys must reach it
      pane.setAttribute("role", "region");
      pane.setAttribute("aria-label", "Details");
    }
    draw();
  });
  keepKeys(el);
  widths();
  all();
  onNote();
  settle.observe(grid);
  return () => {
    settle.disconnect();
    clearTimeout(timer);
    for (const [name, call] of [["msg:custom", onMessage], ["change:version", onVersion], ["change:reveal", onReveal],
      ["change:columns", onColumns], ["change:sort", drawHead], ["change:note", onNote]]) model.off(name, call);
  };
}
export default { render };
