/* Ticks on the list of pools. They stay while the list is searched, sorted and paged, and in this tab while its
   person looks elsewhere; only they are kept in the browser, and signing out clears them. */
(() => {
  const byId = (id) => document.getElementById(id);
  const form = byId("chosen");
  const list = byId("chosen-list");
  const used = "used";

  if (!form) return;

  const { kept } = form.dataset;
  // A list that was made of them was run.
  if (sessionStorage.getItem(used) === kept) {
    for (const each of [used, kept]) sessionStorage.removeItem(each);
  }
  // What somebody else left in this tab whose session ended by itself.
  const mine = kept.replace(/ .*/, " ");
  for (const each of Object.keys(sessionStorage)) {
    if (each !== used && !each.startsWith(mine)) sessionStorage.removeItem(each);
  }
  // By id, each with its name.
  let chosen = new Map(new URLSearchParams(sessionStorage.getItem(kept) || ""));

  const boxes = () => [...document.querySelectorAll("#pool-table [name='pool']")];

  const draw = () => {
    const here = boxes();
    const ticked = here.filter(({ value }) => chosen.has(value));
    for (const box of here) box.checked = ticked.includes(box);
    const page = byId("this-page");
    if (page) {
      page.checked = here.length > 0 && ticked.length === here.length;
      page.indeterminate = !page.checked && ticked.length > 0;
    }
    form.classList.toggle("on", chosen.size > 0);
    byId("chosen-count").textContent = `${chosen.size} chosen`;
    const all = form.elements.query?.dataset.says;
    form.elements.matching.hidden = !all;
    form.elements.matching.textContent = all || "";
  };

  const line = ([id, name]) => {
    const item = byId("chosen-line").content.firstElementChild.cloneNode(true);
    const [shown, number, remove] = item.children;
    shown.textContent = name;
    number.textContent = id;
    remove.setAttribute("aria-label", `Remove ${name} ${id}`);
    remove.addEventListener("click", (event) => {
      // A click outside of the list closes it: the line is gone by then.
      event.stopPropagation();
      const next = item.nextElementSibling || item.previousElementSibling;
      (next?.lastChild || byId("this-page"))?.focus();
      item.remove();
      choose([[id, name]], false);
    });
    return item;
  };

  const choose = (pools, on) => {
    for (const [id, name] of pools) {
      if (on) chosen.set(id, name);
      else chosen.delete(id);
    }
    if (chosen.size) sessionStorage.setItem(kept, new URLSearchParams([...chosen]));
    else sessionStorage.removeItem(kept);
    draw();
  };

  // A range goes from the last tick to this one.
  let last = "";

  const tick = (box, on, range) => {
    const here = boxes();
    const [from, to] = [here.findIndex(({ value }) => value === last), here.indexOf(box)].sort((a, b) => a - b);
    const meant = range && from >= 0 ? here.slice(from, to + 1) : [box];
    last = box.value;
    choose(meant.map((each) => [each.value, each.getAttribute("aria-label")]), on);
  };

  const isTick = (target) => target.matches("#pool-table [name='pool']");

  document.addEventListener("click", ({ target, shiftKey }) => {
    if (isTick(target)) tick(target, target.checked, shiftKey);
    else if (target.id === "this-page") {
      choose(boxes().map((box) => [box.value, box.getAttribute("aria-label")]), target.checked);
    } else if (target.id === "choose-none") {
      choose([...chosen], false);
      byId("this-page")?.focus();
    }
  });

  // The key that is let go would press the tick.
  for (const name of ["keydown", "keyup"]) {
    document.addEventListener(name, (event) => {
      const { target, key, shiftKey } = event;
      if (key !== " " || !shiftKey || !isTick(target)) return;
      event.preventDefault();
      if (name === "keydown") tick(target, !target.checked, true);
    });
  }

  form.querySelector("details").addEventListener("toggle", ({ target }) => {
    list.replaceChildren(...target.open ? [...chosen].map(line) : []);
  });

  // What is ticked on other pages goes along.
  form.addEventListener("submit", () => { form.elements.pools.value = [...chosen.keys()].join(); });

  // Another page of the list, the rest of it, or a line that was changed: anything but what this draws.
  new MutationObserver((changes) => { if (changes.some(({ target }) => !form.contains(target))) draw(); })
    .observe(byId("main"), { childList: true, subtree: true });
  // A browser that comes back to the page has ticks of its own.
  addEventListener("pageshow", draw);
  draw();
})();
