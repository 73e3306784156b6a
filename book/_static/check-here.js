// "Check in this page": beside each chain a button that opens its code in an editor and has the ledger check it,
// in a worker (check-worker.mjs). Nothing is loaded before the button is pressed.
"use strict";

(() => {
  const STATIC = new URL(".", document.currentScript.src);
  const PAGE = location.pathname.split("/").pop().replace(/\.html$/, "");
  const STAGES = ["Loading Python", "Loading SymPy and the ledger", "Running the cells before"];

  const FROM_DISK = "A page opened as a file cannot run Python: make serve gives an address at which it can.";
  const NO_PYTHON = "This copy of the book has no Python for the browser: make browser, then make book, add it.";

  const jobs = []; // the first is being checked, the others wait
  let worker = null;
  let known = null; // what the site says of itself and of this chapter, once it was asked

  function element(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  // ---- the worker: one for the page, one check at a time

  function run(job) {
    jobs.push(job);
    if (jobs.length === 1) next();
    else job.hear({ stage: "Waiting for another check" });
  }

  function next() {
    if (!jobs.length) return;
    if (!worker) {
      const made = new Worker(new URL("check-worker.mjs", STATIC), { type: "module" });
      const ours = (finding) => made === worker && hear(finding); // not what one that was ended still says
      made.onmessage = ({ data }) => ours(data);
      made.onerror = (event) => ours({ broken: event.message || "the worker does not start" });
      worker = made;
    }
    worker.postMessage({ before: jobs[0].before, cell: jobs[0].cell });
  }

  function hear(finding) {
    jobs[0]?.hear(finding);
    if (finding.broken) discard();
    if (finding.broken || finding.done) {
      jobs.shift();
      next();
    }
  }

  function stop(job) {
    const place = jobs.indexOf(job);
    if (place < 0) return;
    jobs.splice(place, 1);
    job.hear({ stopped: true });
    if (place === 0) {
      discard();
      next();
    }
  }

  function discard() {
    worker?.terminate();
    worker = null;
  }

  // ---- what can be checked

  async function json(name) {
    const response = await fetch(new URL(`check/${name}`, STATIC));
    if (!response.ok) throw new Error(`${name} is not in the book's site (${response.status})`);
    return response.json();
  }

  async function cells(chain) {
    if (location.protocol === "file:") throw new Error(FROM_DISK);
    known ??= Promise.all([json("about.json"), json(`${PAGE}.json`)]);
    const [about, chapter] = await known;
    if (!about.archives.length) throw new Error(NO_PYTHON);
    if (!(chain in chapter.chains)) throw new Error("The book does not know the cell of this chain.");
    return [chapter.cells.slice(0, chapter.chains[chain]), chapter.cells[chapter.chains[chain]]];
  }

  // ---- what is shown

  function typeset(box) {
    if (!window.MathJax?.startup?.promise) return;
    MathJax.startup.promise = MathJax.startup.promise
      .then(() => MathJax.typesetPromise([box]))
      .then(() => window.dispatchEvent(new Event("resize"))); // fit-equations.js sets wide ones smaller
  }

  const inTex = (words) => words.replace(/\$([^$]+)\$/g, "\\($1\\)");

  function line(kind, words) {
    return element("p", { className: `check-${kind} tex2jax_process` }, words);
  }

  function editor(panel, before, original) {
    const code = element("textarea", { value: original, spellcheck: false, rows: original.split("\n").length + 1 });
    code.setAttribute("aria-label", "The code of this chain");
    code.setAttribute("autocapitalize", "off");
    const go = element("button", { type: "button", textContent: "Run" });
    const halt = element("button", { type: "button", textContent: "Stop", disabled: true });
    const reset = element("button", { type: "button", textContent: "Undo changes" });
    const stage = element("span", { className: "check-stage" });
    const progress = element("progress", { max: STAGES.length + 1, hidden: true, ariaLabel: "Progress" });
    const found = element("div", { className: "check-found" });
    for (const live of [stage, found]) live.setAttribute("aria-live", "polite");
    const whole = element("details", {}, element("summary", {}, `Cells that run before this one, unchecked: ${before.length}`),
      element("pre", {}, before.join("\n\n")));
    panel.append(...(before.length ? [whole] : []), code,
      element("div", { className: "check-buttons" }, go, halt, reset, progress, stage), found);

    let job = null;
    let links = 0;
    let accepted = 0;
    let began = 0;
    let numbered = false;
    let notes = [];

    function finish(words) {
      const had = document.activeElement === halt;
      halt.disabled = !(go.disabled = false);
      if (had) go.focus();
      progress.hidden = true;
      stage.textContent = words;
      job = null;
    }

    function say(finding) {
      if (finding.stage) {
        stage.textContent = `${finding.stage} …`;
        progress.value = STAGES.indexOf(finding.stage) + 0.5;
      } else if (finding.chain) {
        const formula = element("div", { className: "math" }, `\\[${finding.latex}\\]`);
        found.append(formula);
        notes.push(...finding.notes);
        numbered = finding.links > 1;
        links += finding.links;
        stage.textContent = `Checking link 1 of ${links} …`;
        progress.value = STAGES.length;
        typeset(found);
      } else if (finding.link) {
        accepted += finding.accepted;
        const verdict = finding.accepted ? "✓ proved" : "✗ refused";
        found.append(line(finding.accepted ? "proved" : "refused", `${numbered ? `(${finding.link}) ` : ""}${verdict}: ${finding.words}`));
        stage.textContent = `Checking link ${finding.link + 1} of ${links} …`;
      } else if (finding.printed !== undefined) {
        found.append(element("pre", {}, finding.printed));
      } else if (finding.error || finding.broken) {
        found.append(line("refused", `✗ ${finding.error ?? `Python broke down: ${finding.broken}`}`));
        links = 0;
        if (finding.broken) finish("Not checked.");
      } else if (finding.stopped) {
        finish("Stopped.");
      } else if (finding.done) {
        found.append(...notes.map((note) => line("note", inTex(note))));
        typeset(found);
        const seconds = ((performance.now() - began) / 1000).toFixed(1);
        finish(links ? `${accepted} of ${links} links proved, in ${seconds} s.` : "Not checked.");
      }
    }

    function begin() {
      if (job) return;
      found.replaceChildren();
      links = accepted = 0;
      notes = [];
      began = performance.now();
      const had = document.activeElement === go;
      halt.disabled = !(go.disabled = true);
      if (had) halt.focus();
      progress.hidden = false;
      job = { before, cell: code.value, hear: say };
      run(job);
    }

    go.onclick = begin;
    halt.onclick = () => stop(job);
    reset.onclick = () => (code.value = original);
    code.onkeydown = (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) begin();
    };
    begin();
  }

  async function open(panel, chain) {
    try {
      editor(panel, ...(await cells(chain)));
    } catch (error) {
      known = null;
      panel.append(element("p", {}, `${error.message} In a terminal: `, element("code", {}, `make verify NAME=${chain}`)));
    }
  }

  function add(notes) {
    const chain = notes.dataset.chain;
    const panel = element("div", { className: "check-panel", hidden: true });
    const button = element("button", { type: "button", textContent: "Check in this page" });
    button.setAttribute("aria-expanded", "false");
    button.onclick = () => {
      panel.hidden = !panel.hidden;
      button.setAttribute("aria-expanded", String(!panel.hidden));
      if (!panel.hasChildNodes()) open(panel, chain);
    };
    (notes.closest("p") ?? notes).after(element("div", { className: "check-here" }, button, panel));
  }

  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-chain]").forEach(add));
})();
