"""How the widgets look: one style sheet that follows JupyterLab's light and dark themes."""

from __future__ import annotations

from graphinvestigate.widgets.safe import Safe

MARK = "\N{BLACK RIGHT-POINTING TRIANGLE} "
"""Stands before what is selected, where styles are taken away."""
SHEET = Safe("""<style>
.gi-root { --gi-line: var(--jp-border-color2, #e0e0e0); --gi-muted: var(--jp-ui-font-color2, #616161);
  --gi-ink: var(--jp-ui-font-color1, #212121); --gi-brand: var(--jp-brand-color1, #1976d2);
  color: var(--gi-ink); font-size: 13px; border: 1px solid var(--gi-line); border-radius: 6px;
  padding: 8px 10px; overflow: hidden; }
.gi-root .widget-html-content, .gi-root .jupyter-widgets-html-content { line-height: 1.4; }
.gi-head { font-weight: 600; font-size: 14px; }
.gi-head .gi-counts { font-weight: 400; font-size: 12px; color: var(--gi-muted); }
.gi-muted { color: var(--gi-muted); }
.gi-error { border-left: 4px solid #c62828; padding: 4px 8px; background: rgba(198, 40, 40, .1);
  overflow-wrap: anywhere; }
.gi-note { border-left: 4px solid var(--gi-brand); padding: 4px 8px; background: rgba(25, 118, 210, .08);
  overflow-wrap: anywhere; }
.gi-root > .gi-toolbar { min-height: 32px; }
.gi-toolbar { flex-wrap: wrap; align-items: center; column-gap: 2px; }
.gi-toolbar .jupyter-button { border-radius: 12px; height: 26px; line-height: 24px; padding: 0 10px;
  width: auto; border: 1px solid var(--gi-line); background: transparent; color: var(--gi-ink); }
.gi-toolbar .jupyter-button.mod-active { background: #1565c0; color: #fff; box-shadow: none; }
.gi-toolbar .jupyter-button.gi-quiet { border-color: transparent; color: var(--gi-muted);
  text-decoration: underline; }
.gi-switches .jupyter-button.widget-toggle-button { height: 24px; line-height: 22px; padding: 0 8px;
  box-shadow: none; }
.gi-switches .jupyter-button.widget-toggle-button.mod-active { background: transparent; color: var(--gi-ink);
  border-color: var(--gi-brand); }
.gi-switches .jupyter-button.widget-toggle-button:not(.mod-active) { border-style: dashed; color: var(--gi-muted);
  text-decoration: line-through; }
.gi-toolbar .jupyter-button.gi-pivot { max-width: 400px; }
.gi-toolbar .jupyter-button.gi-pivot.mod-primary { background: var(--gi-brand); color: #fff;
  border-color: transparent; }
.gi-grid { border: 1px solid var(--gi-line); border-radius: 4px; }
.gi-row { border-bottom: 1px solid var(--gi-line); align-items: stretch; }
.gi-row:last-child { border-bottom: none; }
.gi-row .jupyter-button { background: transparent; color: var(--gi-ink); text-align: left; height: 27px;
  line-height: 27px; padding: 0 8px; margin: 0; border: none; box-shadow: none; border-radius: 0; }
.gi-row:hover { background: rgba(127, 127, 127, .1); }
.gi-row.gi-on { background: rgba(25, 118, 210, .14); box-shadow: inset 3px 0 0 var(--gi-brand); }
.gi-row .jupyter-button:focus-visible, .gi-toolbar .jupyter-button:focus-visible {
  outline: 2px solid var(--gi-brand); outline-offset: -2px; }
.gi-header .jupyter-button { font-weight: 600; color: var(--gi-muted); }
.gi-row .jupyter-button.gi-title { font-weight: 600; }
.gi-row .gi-high, .gi-sev.gi-high { color: #cd2338; font-weight: 600; }
.gi-row .gi-medium, .gi-sev.gi-medium { color: #9a6700; font-weight: 600; }
.gi-row .gi-low, .gi-sev.gi-low { color: #1f6fb2; }
.gi-row .gi-informational, .gi-sev.gi-informational { color: #59636e; }
[data-jp-theme-light="false"] .gi-root .gi-high { color: #ff8079; }
[data-jp-theme-light="false"] .gi-root .gi-medium { color: #e0a72e; }
[data-jp-theme-light="false"] .gi-root .gi-low { color: #6db4f2; }
[data-jp-theme-light="false"] .gi-root .gi-informational { color: #a9b3be; }
.gi-details { border-left: 1px solid var(--gi-line); padding-left: 12px; }
.gi-details h3 { font-size: 15px; margin: 0 0 4px; overflow-wrap: anywhere; }
.gi-details h4 { font-size: 12px; color: var(--gi-muted); margin: 12px 0 4px; overflow-wrap: anywhere; }
.gi-details ul + h3, .gi-details p + h3 { margin-top: 12px; }
.gi-details .gi-sev { margin-bottom: 4px; }
.gi-details p { margin: 0 0 6px; white-space: pre-line; overflow-wrap: anywhere; }
.gi-details ul { margin: 0; padding-left: 18px; }
.gi-details li { margin: 0 0 3px; overflow-wrap: anywhere; }
table.gi-facts { border-collapse: collapse; font-size: 12.5px; }
table.gi-facts th, table.gi-facts td { text-align: left !important; vertical-align: top; padding: 1px 12px 1px 0;
  background: none; font-weight: 400; overflow-wrap: anywhere; }
table.gi-facts th { color: var(--gi-muted); white-space: nowrap; }
table.gi-table { border-collapse: collapse; width: 100%; font-size: 12px; table-layout: auto; }
table.gi-table caption { text-align: left; color: var(--gi-muted); padding: 2px 0; }
table.gi-table th, table.gi-table td { text-align: left !important; padding: 3px 8px 3px 0; vertical-align: top;
  border-bottom: 1px solid var(--gi-line); overflow-wrap: anywhere; }
table.gi-table td:first-child { white-space: nowrap; padding-right: 10px; }
table.gi-table th { color: var(--gi-muted); font-weight: 600; }
.gi-root .lm-TabBar .lm-TabBar-tab { flex: 0 0 auto !important; min-width: 110px !important; }
.gi-wide { overflow-x: auto; }
.gi-wide:focus-visible { outline: 2px solid var(--gi-brand); outline-offset: -2px; }
.gi-wide table.gi-table th, .gi-wide table.gi-table td { white-space: nowrap; padding-right: 12px; }
.gi-wide table.gi-table td.gi-sentence { white-space: normal; min-width: 210px; max-width: 420px; }
b.gi-short { color: #c62828; font-weight: 600; }
[data-jp-theme-light="false"] b.gi-short { color: #ff8079; }
table.gi-table tr.gi-short td { background: rgba(198, 40, 40, .1) !important; }
table.gi-table tr.gi-on td { background: rgba(25, 118, 210, .14) !important; }
.gi-label { color: var(--gi-muted); min-width: 44px; margin-right: 4px; }
.gi-opened > * { flex: 0 0 auto; }
.gi-opened:focus-visible, .gi-json pre:focus-visible { outline: 2px solid var(--gi-brand); outline-offset: -2px; }
.gi-json pre { font-family: var(--jp-code-font-family, monospace); font-size: 11.5px; line-height: 1.35;
  max-height: 320px; overflow: auto; white-space: pre; margin: 4px 0; }
.gi-code { font-family: var(--jp-code-font-family, monospace); font-size: 12px; max-height: 260px; overflow: auto; }
.gi-code div div, .gi-code .widget-html-content > div { white-space: pre; }
.gi-filters { border: 1px solid var(--gi-line); border-radius: 4px; padding: 4px 8px; margin: 2px 0; column-gap: 12px; }
.gi-small { font-size: 11px; color: var(--gi-muted); height: 20px; line-height: 20px; }
.gi-node-bar { border-bottom: 1px solid var(--gi-line); padding-bottom: 4px; margin-bottom: 6px; flex-shrink: 0; }
.gi-steady .gi-plan { min-height: 22px; }
.gi-plan ul, .gi-plan p { margin: 2px 0 4px; }
.gi-steady > .gi-messages { min-height: 32px; }
.gi-root .gi-root { border: none; padding: 4px 0 0; }
.gi-pane { max-height: 300px; overflow: auto; }
.gi-log { font-family: var(--jp-code-font-family, monospace); font-size: 12px; max-height: 120px; overflow-y: auto; }
</style>""")
