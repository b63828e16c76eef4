// Says that what a user did with a widget waits: its own controls are ipywidgets' and say nothing of it.
// Behind whatever a control tells the kernel goes a question: the kernel answers it when it has done what was told.

const PATIENCE = 1500; // milliseconds after which nobody should wonder any more whether a click was heard
const BUSY =
  "The kernel is busy, with a cell or with what was asked before. What you did waits, and is done when that has ended. " +
  "If the kernel was stopped, run the cell of this output again.";

const notice = (globalThis[Symbol.for("graphinvestigate.waits")] ??= { waiting: new Set(), words: null });

function tellAll() {
  if (!notice.words?.isConnected) {
    notice.words = document.createElement("div");
    notice.words.className = "gi-waits";
    notice.words.setAttribute("role", "status");
    document.body.append(notice.words);
  }
  notice.words.textContent = notice.waiting.size ? BUSY : "";
  notice.words.hidden = !notice.waiting.size;
}

function render({ model, el }) {
  const mine = {};
  const timers = new Set();
  let asked = 0;
  let answered = 0;

  const settle = () => {
    if (asked <= answered && notice.waiting.delete(mine)) tellAll();
  };
  const ask = (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const root = el.closest(".gi-root");
    if (!root || target?.closest(".gi-root") !== root) return; // another widget's, which asks for itself
    if (event.type === "pointerup" && !target.closest(".noUi-target")) return; // a click follows all others
    const number = ++asked;
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (answered >= number) return;
      notice.waiting.add(mine);
      tellAll();
    }, PATIENCE);
    timers.add(timer);
    setTimeout(() => {
      try {
        model.send({ type: "done", number });
      } catch {
        // without a kernel the words above come, and are right
      }
    });
  };
  // Enter in a box presses the button beside it, once the kernel has been told the words: the change comes first.
  const onEnter = (event) => {
    const box = event.key === "Enter" && !event.isComposing && event.target instanceof HTMLInputElement && event.target;
    if (!box || box.closest(".gi-root") !== el.closest(".gi-root")) return;
    const press = box.closest(".gi-toolbar")?.querySelector("button.gi-default");
    if (press) setTimeout(() => press.click());
  };
  const onMessage = (message) => {
    if (message?.type === "done") answered = Math.max(answered, message.number);
    settle();
  };
  const kinds = ["click", "change", "pointerup"];
  for (const kind of kinds) document.addEventListener(kind, ask, true);
  document.addEventListener("keydown", onEnter, true);
  model.on("msg:custom", onMessage);

  return () => {
    for (const kind of kinds) document.removeEventListener(kind, ask, true);
    document.removeEventListener("keydown", onEnter, true);
    model.off("msg:custom", onMessage);
    timers.forEach(clearTimeout);
    answered = asked;
    settle();
  };
}

export default { render };
