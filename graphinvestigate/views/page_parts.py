"""The style sheet and the two scripts of a static page. Nothing in here comes from data."""

from __future__ import annotations

# Draws the figure whose three elements stand right before the script. Without plotly.js it says so.
DRAW = """
(function () {
  var config = document.currentScript.previousElementSibling, data = config.previousElementSibling,
    div = data.previousElementSibling, figure = JSON.parse(data.textContent);
  if (!window.Plotly) { div.textContent = "This figure needs plotly.js."; return; }
  if (window.giTemplate) { figure.layout.template = window.giTemplate(); }
  window.Plotly.newPlot(div, figure.data, figure.layout, JSON.parse(config.textContent));
})();
"""

# Gives figures the theme of the screen, follows its changes, and prints on white.
THEME = """
(function () {
  var templates = %s, dark = window.matchMedia("(prefers-color-scheme: dark)"), printing = false;
  window.giTemplate = function () { return templates[dark.matches && !printing ? "dark" : "light"]; };
  function redraw() {
    document.querySelectorAll(".gi-figure").forEach(function (div) {
      if (div.layout) { window.Plotly.update(div, {}, { template: window.giTemplate() }); }
    });
  }
  dark.addEventListener("change", redraw);
  window.addEventListener("beforeprint", function () { printing = true; redraw(); });
  window.addEventListener("afterprint", function () { printing = false; redraw(); });
})();
"""

SHEET = """
:root { --ink: #1f2328; --muted: #59636e; --line: #d5d9de; --paper: #ffffff; --band: #f4f5f7; --link: #0b61c4;
  --high: #a90f29; --medium: #8a5a00; --low: #1c62a3; --info: #59636e; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --muted: #9aa4b0; --line: #2d333b; --paper: #16181d; --band: #1e2127; --link: #6cb0f5;
    --high: #ff7b78; --medium: #e8b04b; --low: #7ab8f0; --info: #9aa4b0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1200px; padding: 24px 28px 64px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
header { border-bottom: 1px solid var(--line); margin-bottom: 18px; }
h1 { font-size: 27px; line-height: 1.25; margin: 0 0 2px; overflow-wrap: anywhere; }
h2 { font-size: 20px; margin: 34px 0 10px; overflow-wrap: anywhere; }
p { margin: 0 0 10px; max-width: 80ch; overflow-wrap: anywhere; }
.gi-made { color: var(--muted); font-size: 13px; margin-bottom: 12px; }
nav { background: var(--band); border-radius: 8px; padding: 12px 18px; display: inline-block; min-width: 300px; }
nav h2 { font-size: 12px; text-transform: uppercase; letter-spacing: .05em; color: var(--muted); margin: 0 0 4px; }
nav ol { margin: 0; padding-left: 22px; }
a { color: var(--link); text-decoration: none; } a:hover, a:focus-visible { text-decoration: underline; }
figure { margin: 0 0 18px; border: 1px solid var(--line); border-radius: 8px; padding: 6px; overflow: hidden; }
.gi-figure { width: 100%; min-height: 80px; }
details { padding: 4px 8px; } summary { cursor: pointer; color: var(--muted); font-size: 13px; }
.gi-scroll { overflow-x: auto; margin-bottom: 16px; }
.gi-table { border-collapse: collapse; font-size: 13px; min-width: 50%; }
.gi-table caption { text-align: left; color: var(--muted); padding: 0 0 6px; }
.gi-table th, .gi-table td { text-align: left; vertical-align: top; padding: 5px 16px 5px 0;
  border-bottom: 1px solid var(--line); overflow-wrap: break-word; max-width: 440px; }
.gi-time { white-space: nowrap; }
.gi-table th { color: var(--muted); font-weight: 600; white-space: nowrap; }
.gi-table tbody tr:hover { background: var(--band); }
.gi-none { color: var(--muted); font-style: italic; }
.gi-sev { font-weight: 600; white-space: nowrap; } .gi-sev::before { content: "\\25cb\\00a0"; }
.gi-high { color: var(--high); } .gi-high::before { content: "\\25c6\\00a0"; }
.gi-medium { color: var(--medium); } .gi-medium::before { content: "\\25a0\\00a0"; }
.gi-low { color: var(--low); } .gi-low::before { content: "\\25cf\\00a0"; }
.gi-informational { color: var(--info); }
@media print {
  body { max-width: none; padding: 0; font-size: 12px; } nav, details, .modebar { display: none; }
  figure, tr, li { break-inside: avoid; } h2, .gi-table caption { break-after: avoid; }
  thead { display: table-header-group; }
  p { max-width: none; } .gi-scroll { overflow: visible; } h1 { font-size: 22px; }
  h2 { font-size: 16px; margin-top: 22px; }
  .gi-table { font-size: 10px; width: 100%; min-width: 0; }
  .gi-table th, .gi-table td { padding: 3px 8px 3px 0; white-space: normal; max-width: none; }
  .gi-table .gi-long, .gi-wide td { overflow-wrap: anywhere; } .gi-table th { min-width: 6ch; }
  .gi-table th span { display: inline-block; } .gi-time { min-width: 10ch; }
  .gi-wide { font-size: 8px; } .gi-wide td:first-child { overflow-wrap: break-word; }
  .gi-wide th, .gi-wide td { padding-right: 5px; } }
@page { margin: 14mm 12mm 16mm; @bottom-right { content: counter(page) " / " counter(pages); font: 9px sans-serif; } }
"""
