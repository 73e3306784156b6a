// A displayed equation wider than its column is set smaller, down to two thirds; what is wider
// still scrolls in place, with its edge faded so that a reader sees there is more.
"use strict";

(() => {
  const SMALLEST = 0.66;

  function fit(box) {
    const math = box.querySelector("mjx-container");
    if (!math || box.clientWidth === 0) return;
    math.dataset.size ??= math.style.fontSize; // MathJax's own, to match the text around it
    math.style.fontSize = math.dataset.size;
    box.classList.remove("wider");
    const natural = parseFloat(getComputedStyle(math).fontSize);
    const room = math.clientWidth;
    const needed = math.scrollWidth;
    if (needed <= room) return;
    const scale = Math.max(SMALLEST, (room / needed) * 0.99);
    math.style.fontSize = `${natural * scale}px`;
    const more = () => math.scrollLeft + math.clientWidth < math.scrollWidth - 1;
    box.classList.toggle("wider", more());
    math.onscroll = () => box.classList.toggle("wider", more());
  }

  function fitAll() {
    document.querySelectorAll("div.math").forEach(fit);
  }

  window.addEventListener("load", () => {
    if (window.MathJax && MathJax.startup) MathJax.startup.promise.then(fitAll);
    window.addEventListener("resize", fitAll);
  });
})();
