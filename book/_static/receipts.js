// The mathematics of a folded receipt is typeset when it is first opened: there is more of it than of the
// page's own, and most readers open a few. MathJax looks for mathematics as soon as it is ready: until then
// that of receipts is put out of its sight.
"use strict";

(() => {
  function fold(receipt) {
    const waiting = [...receipt.querySelectorAll(".math")];
    receipt.classList.add("mathjax_ignore");
    for (const formula of waiting) formula.classList.replace("math", "math-waiting");
    const unfold = () => {
      receipt.classList.remove("mathjax_ignore");
      for (const formula of waiting) formula.classList.replace("math-waiting", "math");
      const before = MathJax.startup.promise; // one after the other, as MathJax asks
      MathJax.startup.promise = before.then(() => MathJax.typesetPromise([receipt]));
    };
    receipt.addEventListener("toggle", unfold, { once: true });
  }

  if (!window.MathJax) return; // a page without mathematics has no settings for it
  MathJax.startup = {
    ...MathJax.startup,
    ready() {
      document.querySelectorAll("details.receipt:not([open])").forEach(fold);
      MathJax.startup.defaultReady();
    },
  };
})();
