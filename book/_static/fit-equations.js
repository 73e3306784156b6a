// A displayed equation wider than its column is set smaller, down to seven tenths; what is wider
// still scrolls in place, with its edge faded so that a reader sees there is more.
"use strict";

(() => {
  const SMALLEST = 0.7;

  function fit(box) {
    const math = box.querySelector("mjx-container");
    if (!math || box.clientWidth === 0) return;
    math.style.fontSize = "";
    box.classList.remove("wider");
    const natural = parseFloat(getComputedStyle(math).fontSize);
    const room = math.clientWidth;
    const needed = math.scrollWidth;
    if (needed <= room) return;
    const scale = Math.max(SMALLEST, (room / needed) * 0.99);
    math.style.fontSize = `${natural * scale}px`;
    box.classList.toggle("wider", math.scrollWidth > math.clientWidth + 1);
  }

  function fitAll() {
    document.querySelectorAll("div.math").forEach(fit);
  }

  window.addEventListener("load", () => {
    if (window.MathJax && MathJax.startup) MathJax.startup.promise.then(fitAll);
    window.addEventListener("resize", fitAll);
  });
})();
