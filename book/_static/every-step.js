// On the page "Every step": a field that filters the rows, and arcs that light up with the step under
// the pointer or the keyboard's focus. Without it the page is whole.
"use strict";

window.addEventListener("load", () => {
  const tables = [...document.querySelectorAll("table.every-step")];
  if (tables.length === 0) return;
  const rows = tables.flatMap((table) => [...table.tBodies[0].rows]);

  const bar = document.createElement("form");
  bar.className = "step-filter";
  bar.innerHTML =
    '<label>Find <input type="search" placeholder="name, reason, source"></label>' +
    '<label>Show <select><option value="">all</option><option value="✓">proved by machine</option>' +
    '<option value="✎">in words</option></select></label><output aria-live="polite"></output>';
  const [wanted, kind, count] = bar.querySelectorAll("input, select, output");

  function filter() {
    const words = wanted.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const fits = words.every((word) => text.includes(word)) && text.includes(kind.value);
      row.hidden = !fits;
    }
    for (const table of tables) {
      const empty = [...table.tBodies[0].rows].every((row) => row.hidden);
      table.closest("section").hidden = empty;
    }
    count.value = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
  }

  for (const change of ["input", "change"]) bar.addEventListener(change, filter);
  bar.addEventListener("submit", (event) => event.preventDefault());
  const first = tables[0].closest("section");
  first.before(bar);
  filter();

  const arcs = [...document.querySelectorAll("svg.arcs path")];
  for (const link of document.querySelectorAll("svg.arcs a")) {
    const light = (on) => () => {
      for (const arc of arcs) {
        const mine = [arc.dataset.from, arc.dataset.to].includes(link.dataset.name);
        arc.classList.toggle("lit", on && mine);
      }
    };
    for (const begin of ["pointerenter", "focus"]) link.addEventListener(begin, light(true));
    for (const end of ["pointerleave", "blur"]) link.addEventListener(end, light(false));
  }
});
