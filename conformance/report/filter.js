"use strict";
(() => {
  const form = document.getElementById("filter");
  const text = document.getElementById("filter-text");
  const verdict = document.getElementById("filter-verdict");
  const found = document.getElementById("filter-found");
  const items = [...document.querySelectorAll("#requirements li[data-verdict]")];
  const groups = [...document.querySelectorAll("#requirements .group")];
  const apply = () => {
    const wanted = text.value.trim().toLowerCase();
    let shown = 0;
    for (const item of items) {
      const matches = (!verdict.value || item.dataset.verdict === verdict.value)
        && (!wanted || item.textContent.toLowerCase().includes(wanted));
      item.hidden = !matches;
      shown += matches ? 1 : 0;
    }
    for (const group of groups) {
      group.hidden = !group.querySelector("li[data-verdict]:not([hidden])");
    }
    found.textContent = `${shown} of ${items.length} shown`;
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", apply);
  form.hidden = false;
  apply();
})();
