// node compile.mjs PYODIDE ARCHIVE: in the archive of SymPy and mpmath, replace the modules that importing them loads
// by their bytecode, made by this Pyodide. It spares a browser most of the time that the import takes.
import { readFileSync, writeFileSync } from "node:fs";

const COMPILED = `
import io, pathlib, py_compile, sys, zipfile

sys.path.insert(0, "/book")
import mpmath, sympy

loaded = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
memory = io.BytesIO()
with zipfile.ZipFile(memory, "w") as archive:
    for path in sorted(pathlib.Path("/book").rglob("*")):
        if path.is_dir() or "__pycache__" in path.parts:
            continue
        name, content = str(path.relative_to("/book")), path.read_bytes()
        if str(path) in loaded:
            unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
            made = py_compile.compile(str(path), "/one.pyc", invalidation_mode=unchecked, doraise=True)
            name, content = name + "c", pathlib.Path(made).read_bytes()
        archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
memory.getvalue()
`;

const [pyodide, archive] = process.argv.slice(2);
const { loadPyodide } = await import(`${pyodide}/pyodide.mjs`);
const python = await loadPyodide({ indexURL: `${pyodide}/` });
python.unpackArchive(new Uint8Array(readFileSync(archive)), "zip", { extractDir: "/book" });
writeFileSync(archive, python.runPython(COMPILED).toJs());
