"""What *Check in this page* needs: Pyodide, fetched with npm; the ledger and the chapters' cells, as data.

``package.json`` and ``package-lock.json`` pin Pyodide by version and hash. To take another version, edit the
first and run ``npm install --package-lock-only --omit-lockfile-registry-resolved`` beside it.
"""
