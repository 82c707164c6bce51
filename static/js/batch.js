/* The page of a list of changes: its preview, and its run. */
(() => {
  "use strict";

  const on = (name, act) => document.addEventListener(name, act);

  // What was asked before Stop and is answered after it has no place any more: the new form asks on.
  on("htmx:beforeRequest", ({ detail: { elt } }) => {
    if (!elt.matches(".batch-run")) return;
    elt.addEventListener("htmx:beforeOnLoad", (event) => { if (!elt.isConnected) event.preventDefault(); });
  });

  // The number alone sends nothing: Enter leads to the button that does, once the key is let go.
  on("keyup", ({ key, target }) => {
    if (key === "Enter" && target.id === "number" && target.value) target.form.querySelector(".sends").focus();
  });

  // Run: the ticks that the list was made of are done with, as choose.js knows from then on.
  on("submit", ({ target }) => {
    if (target.dataset.kept) sessionStorage.setItem("used", target.dataset.kept);
  });
})();
