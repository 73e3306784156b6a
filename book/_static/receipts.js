// The mathematics of a folded receipt is typeset when it is first opened: there is more of it than of the
// page's own, and most readers open a few.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  for (const receipt of document.querySelectorAll("details.receipt:not([open])")) {
    const waiting = [...receipt.querySelectorAll(".math")];
    for (const formula of waiting) formula.classList.replace("math", "math-waiting");
    const typeset = () => {
      for (const formula of waiting) formula.classList.replace("math-waiting", "math");
      const before = window.MathJax?.startup?.promise; // one after the other, as MathJax asks
      if (before) MathJax.startup.promise = before.then(() => MathJax.typesetPromise([receipt]));
    };
    receipt.addEventListener("toggle", typeset, { once: true });
  }
});
