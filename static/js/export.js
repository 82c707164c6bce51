/* An export with its progress. Without this, the browser downloads it by itself. */
(() => {
  "use strict";

  const form = document.querySelector("[data-export]");
  const box = form?.querySelector(".export-progress");
  if (!box) return;
  const [bar, says, stop] = box.children;
  let running = null;

  const show = (text) => {
    if (says.textContent !== text) says.textContent = text;
  };

  const read = async (answer, total) => {
    const reader = answer.body.getReader();
    const parts = [];
    let lines = -1;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return parts;
      parts.push(value);
      for (const byte of value) if (byte === 10) lines += 1;
      const pools = Math.max(0, total ? Math.min(lines, total) : lines);
      if (total) bar.value = pools;
      show(`${pools.toLocaleString("en")}${total ? ` of ${total.toLocaleString("en")}` : ""} pools read`);
    }
  };

  const save = (parts, answer) => {
    const link = document.createElement("a");
    const [, name] = answer.headers.get("content-disposition").match(/filename="([^"]+)"/);
    link.href = URL.createObjectURL(new Blob(parts, { type: answer.headers.get("content-type") }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };

  const ending = async (parts) => {
    const text = await new Blob(parts.slice(-3)).text();
    return text.slice(-2000).match(/(complete|changed|incomplete): [^"\r\n]*/)?.[0];
  };

  const run = async (submitter) => {
    running = new AbortController();
    const body = new URLSearchParams(new FormData(form));
    body.set("format", submitter.value);
    bar.removeAttribute("value");
    box.hidden = stop.hidden = false;
    show("Asking Patchworks…");
    try {
      const answer = await fetch(form.action, { method: "POST", body, signal: running.signal });
      // Anything else than a file is a page, for the browser to show.
      if (!answer.headers.has("content-disposition")) return false;
      const total = Number(answer.headers.get("x-total"));
      if (total) bar.max = total;
      const parts = await read(answer, total);
      const end = await ending(parts);
      if (!end) throw new Error("cut");
      save(parts, answer);
      bar.hidden = true;
      show(`Saved. ${end[0].toUpperCase()}${end.slice(1)}`);
    } catch (error) {
      show(
        running.signal.aborted
          ? "Stopped. Nothing was saved."
          : "The connection was cut off before the file was complete. Nothing was saved: try again.",
      );
    } finally {
      running = null;
      stop.hidden = true;
    }
    return true;
  };

  form.addEventListener("submit", async (event) => {
    if (form.dataset.plain) return;
    event.preventDefault();
    if (running) return;
    bar.hidden = false;
    if (await run(event.submitter)) return;
    form.dataset.plain = "yes";
    form.requestSubmit(event.submitter);
    delete form.dataset.plain;
  });
  stop.addEventListener("click", () => running?.abort());
})();
