// Stands before the code of every view. What ipywidgets leave unsaid to a screen reader: which end of a range a handle
// moves, what the buttons of a player do, and whether a switch is pressed.
function nameControls() {
  if (window.giControlsNamed) return;
  window.giControlsNamed = true;
  const say = (element, name, value) => {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  };
  const look = () => {
    waiting = false;
    for (const root of document.querySelectorAll(".gi-root")) {
      for (const one of root.querySelectorAll(".noUi-handle")) {
        say(one, "aria-label", one.classList.contains("noUi-handle-upper") ? "Until" : "From");
        say(one, "aria-valuetext", `${Math.round(one.getAttribute("aria-valuenow"))} of 100`);
      }
      for (const one of root.querySelectorAll(".widget-play button")) {
        const icon = one.querySelector("i")?.className ?? "";
        say(one, "aria-label", /stop/.test(icon) ? "Stop" : /repeat/.test(icon) ? "Repeat" : "Play or pause");
      }
      for (const one of root.querySelectorAll("button.widget-toggle-button"))
        say(one, "aria-pressed", String(one.classList.contains("mod-active")));
    }
  };
  let waiting = false;
  const soon = () => {
    if (!waiting) requestAnimationFrame(look);
    waiting = true;
  };
  const filter = ["class", "aria-valuenow"];
  new MutationObserver(soon).observe(document.body, { subtree: true, childList: true, attributeFilter: filter });
  soon();
}

