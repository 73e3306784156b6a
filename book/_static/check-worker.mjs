// Runs in a worker: Python with SymPy, mpmath and the ledger, all from this site. It is told of a cell, {before,
// cell}, and answers with {stage}, with each finding of the ledger (companion/derivation/here.py), then {done}.
import { loadPyodide } from "./check/pyodide.mjs";

const SITE = new URL("./check/", import.meta.url).href;

async function fetched(name, as) {
  const response = await fetch(SITE + name);
  if (!response.ok) throw new Error(`${name} is not in the book's site (${response.status})`);
  return response[as]();
}

async function start() {
  postMessage({ stage: "Loading Python" });
  const about = await fetched("about.json", "json");
  const archives = Promise.all(about.archives.map((name) => fetched(name, "arrayBuffer")));
  const python = await loadPyodide({
    indexURL: SITE,
    env: { HOME: "/reader", PYTHONHASHSEED: "0" }, // as the book was built: it steadies SymPy's order
    stdout: (line) => postMessage({ printed: line }),
    stderr: (line) => console.debug(line),
  });
  postMessage({ stage: "Loading SymPy and the ledger" });
  for (const archive of await archives) python.unpackArchive(archive, "zip", { extractDir: "/book" });
  const check = python.runPython(
    "import sys; sys.path.insert(0, '/book')\nfrom companion.derivation.here import check_cell; check_cell"
  );
  return (before, cell) => check(python.toPy(before), cell, (finding) => postMessage(JSON.parse(finding)));
}

const started = start();

onmessage = async ({ data }) => {
  try {
    const check = await started;
    postMessage({ stage: "Running the cells before" });
    check(data.before, data.cell);
    postMessage({ done: true });
  } catch (error) {
    postMessage({ broken: String(error.message ?? error).trim().split("\n").pop() });
  }
};
