// Draws the plotly figure that the model holds, and tells the kernel what its users do with it.
// plotly.js comes from the kernel, once for all views of a page: nothing is loaded from anywhere else.

const PATIENCE = 8000; // milliseconds after which a view says that the kernel is slow or gone
const MOST_CUSTOM = 2000; // points of one selection whose customdata is sent along

const libraries = (globalThis[Symbol.for("graphinvestigate.plotly")] ??= new Map());

function libraryOf(version) {
  if (!libraries.has(version)) {
    const entry = { asked: -Infinity };
    entry.ready = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }));
    entry.ready.catch(() => libraries.delete(version)); // the next view may try again
    libraries.set(version, entry);
  }
  return libraries.get(version);
}

async function evaluated(bytes, packed) {
  const stream = new Blob([bytes]).stream();
  const source = await new Response(packed ? stream.pipeThrough(new DecompressionStream("gzip")) : stream).text();
  const module = { exports: {} };
  const before = window.Plotly;
  // A page with a module loader of its own (`define`) would keep the library to itself: it sees none here.
  new Function("module", "exports", "define", "require", source).call(window, module, module.exports);
  const library = module.exports.react ? module.exports : window.Plotly;
  if (!library?.react) throw new Error("what the kernel sent is not plotly.js");
  if (before) window.Plotly = before;
  return library;
}

function themeOf() {
  const told = document.body.dataset.jpThemeLight;
  if (told) return told === "true" ? "light" : "dark";
  const [r, g, b, opaque = 1] = (getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g) ?? []).map(Number);
  return opaque > 0 && 0.3 * r + 0.59 * g + 0.11 * b < 110 ? "dark" : "light";
}

function grouped(points) {
  const traces = new Map();
  for (const point of points ?? []) {
    const at = point.curveNumber;
    if (!traces.has(at)) traces.set(at, { trace: at, points: [], ids: [], customdata: [] });
    const group = traces.get(at);
    group.points.push(point.pointNumber ?? point.pointIndex ?? -1);
    group.ids.push(point.id ?? null);
    if (points.length <= MOST_CUSTOM) group.customdata.push(point.customdata ?? null);
  }
  return [...traces.values()];
}

function stopKeys(event) {
  // Notebooks delete, cut and insert cells at single letters; with Ctrl, Meta or Alt keys are the application's.
  if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
}

function reachable(root) {
  // What scrolls must be scrolled by keys too.
  for (const pane of root?.querySelectorAll(".gi-plan, .gi-pane, .gi-code, .gi-log") ?? []) {
    if (!pane.hasAttribute("tabindex")) pane.tabIndex = 0;
  }
}

function render({ model, el }) {
  shieldKeys();
  nameControls();
  const root = document.createElement("div");
  const place = document.createElement("div");
  const words = document.createElement("div");
  root.className = "gi-plotly";
  root.tabIndex = 0;
  root.setAttribute("role", "application");
  words.className = "gi-plotly-words";
  words.setAttribute("role", "status");
  root.append(words, place);
  el.append(root);

  const entry = libraryOf(model.get("plotly_version"));
  let plotly = null;
  let wanted = true;
  let drawing = false;
  let frame = 0;
  let closed = false;
  let width = 0; // at which it was drawn last
  let told = ""; // the size that the kernel knows
  let boxes = 0;
  let sent = 0;
  let heard = 0;
  const timers = new Set();
  const later = (call, milliseconds) => {
    const timer = setTimeout(() => (timers.delete(timer), closed || call()), milliseconds);
    timers.add(timer);
  };
  const say = (text) => {
    words.textContent = text;
    words.hidden = !text;
  };
  const want = () => {
    wanted = true;
    root.setAttribute("aria-busy", "true"); // what it shows is not yet what the kernel holds
    if (!frame && !drawing && !closed) frame = requestAnimationFrame(draw);
  };

  async function draw() {
    frame = 0;
    // Without room there is nothing to draw on: the observer below calls again once there is.
    if (closed || drawing || !wanted || !plotly || !place.isConnected || !place.clientWidth) return;
    wanted = false;
    drawing = true;
    try {
      const edition = model.get("edition");
      const { data, layout, config } = JSON.parse(model.get("figure"));
      const templates = JSON.parse(model.get("templates"));
      layout.template = templates[themeOf()] ?? layout.template;
      delete layout.width;
      layout.autosize = true;
      layout.selectionrevision = boxes; // what is selected is for the kernel to show: plotly's own box goes
      root.style.minHeight = `${layout.height ?? 450}px`;
      const first = !place.classList.contains("js-plotly-plot");
      await plotly.react(place, data, layout, { ...config, responsive: false });
      if (first) listen();
      width = place.clientWidth;
      root.dataset.drawn = edition;
      tellSize();
      say("");
    } catch (error) {
      say(`This figure could not be drawn: ${error.message ?? error}`);
    } finally {
      drawing = false;
      if (wanted) want();
      else root.removeAttribute("aria-busy");
    }
  }

  function tellSize() {
    const { w, h } = place._fullLayout?._size ?? {};
    const size = `${Math.round(w)} ${Math.round(h)}`;
    if (!w || size === told || !model.get("tells_size")) return;
    told = size;
    tell({ type: "size", size: [Math.round(w), Math.round(h)] });
  }

  function tell(event) {
    const number = ++sent;
    try {
      model.send({ ...event, number, edition: Number(root.dataset.drawn) });
    } catch {
      return say("There is no kernel behind this figure any more: run its cell again.");
    }
    later(() => {
      if (heard < number) say("The kernel has not answered yet: it is busy, or gone. If it is gone, run the cell again.");
    }, PATIENCE);
  }

  function listen() {
    const keys = (event) => ({ shift: !!event?.shiftKey, ctrl: !!(event?.ctrlKey || event?.metaKey) });
    place.on("plotly_click", ({ points, event }) => tell({ type: "click", traces: grouped(points), ...keys(event) }));
    const select = (points, ranges) => {
      tell({ type: "select", traces: grouped(points), ranges });
      boxes += 1;
      want();
    };
    place.on("plotly_selected", (what) => what && select(what.points, what.range ?? {}));
    place.on("plotly_deselect", () => select([], {}));
    place.on("plotly_relayout", (changes) => {
      if (!Object.keys(changes).some((name) => /^[xy]axis\d*\.(range|autorange)/.test(name))) return;
      const ranges = {};
      for (const [name, axis] of Object.entries(place.layout)) {
        if (/^[xy]axis\d*$/.test(name) && axis.range) ranges[name] = [...axis.range];
      }
      tell({ type: "zoom", ranges });
    });
    const legend = (double) => (what) => {
      if (!model.get("legend_asks")) return true;
      tell({ type: "legend", trace: what.curveNumber, double });
      return false;
    };
    place.on("plotly_legendclick", legend(false));
    place.on("plotly_legenddoubleclick", legend(true));
  }

  const onMessage = (message, buffers) => {
    if (message?.type === "plotly.js" && buffers?.length) {
      evaluated(buffers[0], message.packed).then(entry.resolve, entry.reject);
    } else if (message?.type === "picture" && message.number && plotly && place._fullLayout) {
      plotly.toImage(place, { format: "png", scale: 2 }).then((address) => {
        const picture = Uint8Array.from(atob(address.slice(address.indexOf(",") + 1)), (letter) => letter.charCodeAt(0));
        model.send({ type: "picture", number: message.number }, undefined, [picture.buffer]);
      });
    } else if (message?.type === "picture" && plotly && place._fullLayout) {
      plotly.downloadImage(place, { format: message.format, filename: message.name, scale: 2 });
    } else if (message?.type === "file" && buffers?.length) {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([buffers[0]], { type: message.mime }));
      link.download = message.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } else if (message?.type === "heard") {
      heard = Math.max(heard, message.number);
      if (plotly && words.textContent.startsWith("The kernel")) say("");
    }
  };
  const onKey = (event) => {
    stopKeys(event);
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!plain || !JSON.parse(model.get("told_keys")).includes(event.key)) return;
    event.preventDefault();
    tell({ type: "key", key: event.key, shift: event.shiftKey });
  };
  const onLabel = () => root.setAttribute("aria-label", model.get("label"));
  const takeFocus = () => root.contains(document.activeElement) || root.focus({ preventScroll: true });

  model.on("msg:custom", onMessage);
  model.on("change:figure", want);
  model.on("change:templates", want);
  model.on("change:label", onLabel);
  onLabel();
  root.addEventListener("keydown", onKey);
  root.addEventListener("pointerdown", () => setTimeout(takeFocus));
  const room = new ResizeObserver(() => {
    reachable(el.closest(".gi-root"));
    el.closest(".gi-root")?.addEventListener("keydown", stopKeys); // buttons around the figure type nothing either
    if (wanted) return want();
    if (!plotly || drawing || !place.clientWidth || width === place.clientWidth) return;
    width = place.clientWidth;
    requestAnimationFrame(() => {
      if (!closed && place.clientWidth) plotly.Plots.resize(place)?.then(tellSize, () => {});
    });
  });
  room.observe(root);
  const looks = new MutationObserver(want);
  looks.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });

  later(() => plotly || words.textContent || say("Loading the drawing …"), 300);
  later(() => {
    if (!plotly) say("Waiting for the kernel to send the drawing library: it is busy, or gone. If it is gone, run the cell again.");
  }, PATIENCE);
  // The kernel sends the library once: only if what was asked for has not come for long, another view asks again.
  const ask = () => {
    if (closed || plotly) return;
    if (performance.now() - entry.asked > 2 * PATIENCE) {
      entry.asked = performance.now();
      try {
        model.send({ type: "plotly.js", packed: "DecompressionStream" in window });
      } catch {
        say("There is no kernel behind this figure any more: run its cell again.");
      }
    }
    later(ask, PATIENCE);
  };
  ask();
  entry.ready.then(
    (library) => ((plotly = library), want()),
    (error) => {
      root.removeAttribute("aria-busy");
      say(`The drawing library could not be started in this page: ${error.message ?? error}. The tables and words of this output hold the same.`);
    },
  );

  return () => {
    closed = true;
    cancelAnimationFrame(frame);
    timers.forEach(clearTimeout);
    room.disconnect();
    looks.disconnect();
    model.off("msg:custom", onMessage);
    model.off("change:figure", want);
    model.off("change:templates", want);
    model.off("change:label", onLabel);
    plotly?.purge(place);
  };
}

export default { render };
