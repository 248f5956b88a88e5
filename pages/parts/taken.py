"""The pictures of a page, to take along as PNG and CSV; and those along time, zoomed together.

A component of its own, because a button over every chart would be a tool bar. Its script is fixed and asks nobody outside; what
it writes are the numbers and words of the charts on the page.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import streamlit as st

from diagnostics.nouns.words import N_
from pages.parts.visit import Visit

HTML: Final = '<div><button id="png"></button> <button id="csv"></button></div>'
CSS: Final = """
div { display: flex; flex-wrap: wrap; gap: 0.5rem; }
button { font: inherit; font-size: 0.875rem; color: var(--st-text-color); background: transparent;
  border: 1px solid var(--st-border-color);
  border-radius: 8px; padding: 0.25rem 0.75rem; min-height: 2.5rem; cursor: pointer; }
button:hover, button:focus-visible { border-color: var(--st-primary-color); }
"""
JS: Final = """
const graphs = () => [...document.querySelectorAll('.js-plotly-plot')].filter(g => g.offsetParent && g.layout);
const save = (href, name) => { const a = document.createElement('a'); a.href = href; a.download = name; a.click(); };
// A spreadsheet would run what begins like a formula.
const cell = v => {
  let text = v === null || v === undefined ? '' : String(v).replace(/<br>/g, ' ');
  if (/^[=+\\-@\\t\\r]/.test(text) && isNaN(Number(text))) text = "'" + text;
  return '"' + text.replace(/"/g, '""') + '"';
};
const spans = g => Object.entries(g.layout).filter(([key, axis]) => key.startsWith('xaxis') && axis.type === 'date');
let busy = false;
function together(g) {
  if (g.zoomsTogether || !g.on || !spans(g).length) return;
  g.zoomsTogether = true;
  g.on('plotly_relayout', change => {
    const key = Object.keys(change).find(k => /^xaxis\\d*\\.(range\\[0\\]|range|autorange)$/.test(k));
    if (busy || !key) return;
    const name = key.split('.')[0];
    const range = g._fullLayout && g._fullLayout[name] ? [...g._fullLayout[name].range] : null;
    if (!range) return;
    busy = true;
    Promise.all(graphs().map(other => {
      const wanted = Object.fromEntries(spans(other).map(([axis]) => [axis + '.range', range]));
      return Object.keys(wanted).length ? window.Plotly.relayout(other, wanted) : null;
    })).finally(() => { busy = false; });
  });
}
export default function ({ parentElement, data }) {
  const png = parentElement.querySelector('#png'), csv = parentElement.querySelector('#csv');
  png.textContent = data.png;
  csv.textContent = data.csv;
  png.onclick = async () => {
    let number = 0;
    for (const g of graphs()) {
      number += 1;
      const figure = { data: g.data, layout: { ...g.layout, paper_bgcolor: data.ground } };
      const shape = { format: 'png', scale: 2, width: g.clientWidth, height: g.clientHeight };
      save(await window.Plotly.toImage(figure, shape), data.name + '-' + number + '.png');
    }
  };
  csv.onclick = () => {
    const lines = [data.heads.map(cell).join(',')];
    graphs().forEach((g, n) => g.data.forEach(trace => {
      const read = v => (Array.isArray(v) || ArrayBuffer.isView(v) ? [...v] : []);
      const x = read(trace.x), y = read(trace.y), text = read(trace.hovertext || trace.text || trace.customdata);
      x.forEach((value, i) => {
        if (value !== null && y[i] !== null && y[i] !== undefined) {
          lines.push([n + 1, trace.name || '', value, Array.isArray(y[i]) ? '' : y[i], text[i]].map(cell).join(','));
        }
      });
    }));
    save(URL.createObjectURL(new Blob(['\\ufeff' + lines.join('\\r\\n')], { type: 'text/csv' })), data.name + '.csv');
  };
  const timer = setInterval(() => graphs().forEach(together), 700);
  return () => clearInterval(timer);
}
"""


@cache
def _component() -> Any:
    return st.components.v2.component("pictures_to_take_along", html=HTML, css=CSS, js=JS)


def take_along(visit: Visit, name: str) -> None:
    """The two buttons. name: of the files, without the ending."""
    words = visit.words
    heads = (N_("picture"), N_("series"), N_("across"), N_("upwards"), N_("in words"))
    _component()(
        key=f"take-{name}",
        data={
            "png": words(N_("Download the pictures (.png)")),
            "csv": words(N_("Download what the pictures show (.csv)")),
            "heads": [words(head) for head in heads],
            "ground": visit.palette.ground,
            "name": name,
        },
    )
