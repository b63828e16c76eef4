// Stands before the code of every view. Keys typed in a view, or on a control beside it, must not cut or run a cell.
// JupyterLab sees a key after our elements did, so they can keep it. Notebook 7 sees it before any element does, but
// leaves alone those that carry this attribute. Keys with Ctrl, Alt or Command (saving, searching) stay the page's.
function shieldKeys() {
  if (window.giKeysShielded) return;
  window.giKeysShielded = true;
  const shield = (event) => {
    const target = event.target;
    if (!(target instanceof Element) || !target.closest(".gi-root, .gi-rg, .gi-plotly")) return;
    target.toggleAttribute("data-lm-suppress-shortcuts", !event.ctrlKey && !event.metaKey && !event.altKey);
  };
  window.addEventListener("keydown", shield, true);
}

