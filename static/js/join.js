/* Sends the code of an invitation from behind the # of the link: no server ever saw it there. */
(() => {
  "use strict";

  const field = document.querySelector("input[name='code']");
  const code = location.hash.slice(1);
  if (!field || !code) return;
  field.value = code;
  // Neither in the address bar over a shoulder, nor in the history.
  history.replaceState(null, "", location.pathname);
  field.form.requestSubmit();
})();
