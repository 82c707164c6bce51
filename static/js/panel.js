/* Makes the panel quick; every page works without it. All event names of htmx live here. */
import "./choose.js";

(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const on = (name, act, options) => document.addEventListener(name, act, options);
  const dialog = byId("dialog");
  const dialogBody = byId("dialog-body");
  const outcome = byId("outcome");
  root.classList.add("js");

  if (window.htmx) {
    const { config } = htmx;
    // Our CSP refuses styles.
    config.attributesToSettle = [];
    config.allowEval = config.allowScriptTags = config.includeIndicatorStyles = false;
    config.selfRequestsOnly = true;
    config.scrollIntoViewOnBoost = false;
    config.historyCacheSize = 0;
    // Otherwise it copies each page that is left, for a cache of none.
    document.body.setAttribute("hx-history", "false");
    config.defaultSettleDelay = 0;
    config.refreshOnHistoryMiss = true;
    config.responseHandling = [
      { code: "204" },
      { code: "[23]..|400|403|404|409|422|429|500|502|503", swap: true },
      { code: "[45]..", error: true },
    ];
  }

  let arriving;
  const say = (text) => {
    clearTimeout(arriving);
    byId("announce").textContent = text;
  };

  /* What is said after the page has loaded moves nothing: above what is there, or, where
     something was said already, in its place. */
  const settle = () => {
    if (outcome.matches(".floats")) return;
    const { height } = outcome.getBoundingClientRect();
    if (height) outcome.style.height = `${height}px`;
    else outcome.classList.add("floats");
  };
  const reveal = (place) => { if (!place.matches(".floats")) place.scrollIntoView({ block: "nearest" }); };

  const WENT_WRONG = "Something went wrong. Reload the page before you try again.";

  /* Says a sentence where the eye is: in the dialog, or above the page. */
  const show = (said, ...marks) => {
    const place = dialog?.open ? byId("dialog-says") : outcome;
    if (place === outcome) settle();
    place.replaceChildren(byId("notice").content.cloneNode(true));
    place.firstElementChild.classList.add(...marks);
    place.querySelector("bdi").replaceChildren(said);
    reveal(place);
  };

  /* --- Waiting: after three seconds a sentence says so ----------------------------------- */

  const hints = new Map();

  const waiting = (key, text) => {
    hints.set(key, setTimeout(() => {
      (dialog?.open ? dialog : byId("main")).querySelector(".slow").textContent = text;
    }, 3000));
  };

  const waited = (key) => {
    clearTimeout(hints.get(key));
    hints.delete(key);
    if (hints.size) return;
    for (const hint of document.querySelectorAll(".slow")) hint.textContent = "";
  };

  /* A wait that has an end is counted down; then the button works, or the page is read again. */
  const countDown = () => {
    for (const line of document.querySelectorAll("[data-wait]")) {
      const button = line.closest("form")?.querySelector(".sends");
      const ends = Date.now() + 1000 * line.dataset.wait;
      line.removeAttribute("data-wait");
      if (button) button.disabled = true;
      const ticking = setInterval(() => {
        const left = Math.ceil((ends - Date.now()) / 1000);
        if (left < 120) line.textContent = line.textContent.replace(/in \d+ (s|min)/, left > 0 ? `in ${left} s` : "now");
        if (left > 0 || document.hidden) return;
        clearInterval(ticking);
        if (!line.isConnected) return;
        say("You can try again now.");
        if (button) button.disabled = false;
        else if (!dialog?.open && !changed(document)) line.closest(".problem")?.querySelector("a.button")?.click();
      }, 1000);
    }
  };

  /* --- Forms: a changed one is not lost by accident, and none is sent twice ------------- */

  const pristine = new WeakMap();
  const written = (form) => new URLSearchParams(new FormData(form)).toString();
  const guarded = (scope) => scope ? [...scope.querySelectorAll("form[data-guard]")] : [];
  // A form that comes back says whether it holds something that is saved nowhere yet.
  const remember = (scope) => {
    for (const form of guarded(scope)) pristine.set(form, "unsaved" in form.dataset ? null : written(form));
  };
  // A form under way is not unsaved: htmx marks those that it sends, this script the others.
  const underWay = (form) => form.matches("[data-sent], .htmx-request");
  const differs = (form) => pristine.get(form) !== written(form);
  const changed = (scope) => guarded(scope).some((form) => !underWay(form) && differs(form));
  const unsend = () => {
    root.classList.remove("waits");
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      waited(form);
    }
  };

  on("submit", (event) => {
    const form = event.target;
    // htmx searches already, by each letter and by Enter.
    if (form.matches("#search-form, .find-form")) event.preventDefault();
    if (form.method !== "post" || event.defaultPrevented || form.matches("[hx-post], [data-download]")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    root.classList.add("waits");
    say(event.submitter?.dataset.busy || "");
    waiting(form, "Still waiting for an answer…");
  });

  addEventListener("beforeunload", (event) => {
    if (!changed(document)) return;
    event.preventDefault();
    setTimeout(unsend);
  });

  // A page that comes back from the browser's memory has not sent anything yet.
  addEventListener("pageshow", unsend);

  /* The checks that need nobody else, next to the field as soon as it is left. Which ones, and
     what they say, stands at the control: the server judges by the same. */
  const judges = {
    required: (text) => text !== "",
    digits: (text, sign) => (sign ? /^[-+]?[0-9]+$/ : /^-?[0-9]+$/).test(text),
    least: (text, bound) => BigInt(text) >= BigInt(bound),
    largest: (text, bound) => BigInt(text) <= BigInt(bound),
    longest: (text, bound) => [...text].length <= Number(bound),
  };

  // As BLANKS of forms/checks.py.
  const blanks = "[\\s\\x1c-\\x1f\\x85]+";
  const ends = new RegExp(`^${blanks}|${blanks}$`, "g");

  const complaint = (field) => {
    let text = field.value.replace(ends, "");
    // A value that was shown and left alone is not checked.
    if (field.value === field.dataset.untouched) return "";
    for (const [kind, bound, sentence] of JSON.parse(field.dataset.checks || "[]")) {
      if (!text && kind !== "required") return "";
      if (kind === "unit") text = text.replace(new RegExp(`\\s*${bound}$`), "");
      else if (!judges[kind](text, bound)) return sentence.replace("{count}", [...text].length);
    }
    return "";
  };

  const check = (field) => {
    if (!field.isConnected) return;
    const wrong = complaint(field);
    const id = `${field.id}_error`;
    byId(id)?.remove();
    field.removeAttribute("aria-invalid");
    if (!wrong) return;
    const errors = document.createElement("ul");
    errors.className = "errorlist";
    errors.id = id;
    errors.append(document.createElement("li"));
    errors.firstChild.textContent = wrong;
    field.closest(".field").querySelector("[aria-live]").append(errors);
    const described = (field.getAttribute("aria-describedby") || "").split(" ");
    field.setAttribute("aria-describedby", [...new Set([...described, id])].join(" ").trim());
    field.setAttribute("aria-invalid", "true");
  };

  // A message that appears while a button is being pressed would move the button away.
  let pressed = false;
  on("pointerdown", () => { pressed = true; }, true);
  for (const released of ["pointerup", "pointercancel"]) on(released, () => { pressed = false; }, true);

  on("change", ({ target }) => {
    if (!target.matches("form[data-guard] :is(input:not([type='radio']), textarea)")) return;
    if (pressed) on("pointerup", () => setTimeout(check, 0, target), { once: true });
    else check(target);
  });

  // What a limit makes of an allowance while it is typed: who has read that need not be told again.
  on("input", ({ target: { name, value, form } }) => {
    if (name !== "limit") return;
    const limit = /^\s*\d+\s*$/.test(value) && BigInt(value);
    form.elements.told.value = limit;
    for (const line of form.querySelectorAll("[data-others]")) {
      const { others, allowance, own } = line.dataset;
      const says = line.querySelector("[data-says]");
      const sum = BigInt(others) + BigInt(limit);
      says.textContent = limit === false || String(limit) === own ? "" : says.dataset.says.replace("{sum}", sum.toLocaleString("en-GB"));
      line.classList.toggle("over", sum > BigInt(allowance));
    }
  });

  /* --- The dialog ----------------------------------------------------------------------- */

  let opener;

  const focusFirst = () => {
    const target = dialogBody.querySelector("[aria-invalid='true']")
      || dialogBody.querySelector("[role='alert'] a")
      || dialogBody.querySelector("[autofocus]")
      || dialogBody.querySelector("input:not([type='hidden']), textarea, select")
      || dialogBody.querySelector("a, button");
    target?.focus();
    // htmx would focus it once more, later.
    for (const field of dialogBody.querySelectorAll("[autofocus]")) field.autofocus = false;
    if (target?.matches("input") && target.getAttribute("aria-invalid") !== "true") target.select();
  };

  // A value is typed over; what stands in a Reason is typed on.
  const typeOn = (field) => {
    if (field.matches("textarea")) field.setSelectionRange(field.value.length, field.value.length);
  };
  on("focusin", ({ target }) => typeOn(target));

  const askToLeave = () => new Promise((answer) => {
    const question = byId("leave");
    question.returnValue = "stay";
    question.addEventListener("close", () => answer(question.returnValue === "leave"), { once: true });
    question.showModal();
  });

  // The answer to a form under way needs its place.
  const stays = () => {
    if (!guarded(dialogBody).some(underWay)) return false;
    dialog.querySelector(".slow").textContent = "It has been sent and can't be stopped now. Waiting for the answer…";
    return true;
  };

  const closeDialog = async () => {
    if (stays()) return;
    if (!changed(dialogBody) || await askToLeave()) dialog.close();
  };

  if (dialog) {
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      closeDialog();
    });
    dialog.addEventListener("close", () => {
      // Another form may have come before this was told.
      if (dialog.open) return;
      // A browser lets Esc, pressed twice, close any dialog.
      if (stays()) {
        dialog.showModal();
        return;
      }
      dialogBody.replaceChildren();
      byId("dialog-says").replaceChildren();
      // A list may be drawn anew; the box of Find closes under a dialog.
      const back = opener.isConnected ? opener : document.querySelector(`[href="${opener.getAttribute("href")}"]`);
      back?.closest("[popover]")?.showPopover();
      back?.focus();
    });
  }

  /* Where pages may not copy, the text is selected. */
  const copy = async (button) => {
    const text = byId(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.dataset.copied = "";
      say("Copied.");
    } catch {
      text.hidden = false;
      getSelection().selectAllChildren(text);
      text.focus();
      say("Your browser doesn't allow copying. The text is selected.");
    }
  };

  on("click", (event) => {
    if (event.target.closest("dialog [data-close]")) {
      event.preventDefault();
      closeDialog();
    }
    if (event.target.closest("[data-dismiss]")) {
      (event.target.closest("dialog") || byId("main")).focus();
      event.target.closest(".problem, .notice:not(.problem *)").remove();
      if (!outcome.childElementCount) outcome.style.height = "";
    }
    // The list may have gone on to another page.
    const dismiss = event.target.closest(".ticket-off");
    const here = new URL(location);
    if (dismiss && !here.searchParams.has("next")) {
      here.searchParams.delete("ticket");
      dismiss.href = here;
    }
    if (event.target.closest("[data-copy]")) copy(event.target.closest("[data-copy]"));
    // What was typed waits on the server while a token is mended.
    if (event.target.closest("[data-keeps]")) for (const form of guarded(document)) pristine.set(form, written(form));
    // The lines of the list are Patchworks' text, and closed to htmx.
    const source = event.target.closest(":is(.tools, .hit-actions) a");
    if (source) {
      event.preventDefault();
      // The dialog has the colour of the pool's own company.
      const banded = source.closest(".hit") || document.querySelector(".band");
      dialog.className = `dialog ${banded.className.match(/band-\w+/)}`;
      htmx.ajax("get", source.href, { source, target: dialogBody, swap: "innerHTML" });
    }
    closeMenus(event.target);
  });

  // A menu of the list ends with a click elsewhere, and with Escape.
  const closeMenus = (target) => {
    if (target.closest("dialog")) return;
    for (const menu of document.querySelectorAll("[name='more'][open]")) menu.open = menu.contains(target);
  };

  // Another tab or window stays the browser's business.
  on("click", (event) => {
    if ((event.ctrlKey || event.metaKey || event.shiftKey) && event.target.closest("a")) event.stopImmediatePropagation();
  }, true);

  // A line of a list opens by a click anywhere on it, unless something in it is meant or marked.
  const OPENS = "#pool-table .pool-name > a, .opens";
  const openLine = (event) => {
    if (event.target.closest("a, button, input, label, summary") || !getSelection().isCollapsed) return;
    const line = event.target.closest("tr, .rows > li")?.querySelector(OPENS);
    if (event.button === 1) line && open(line.href);
    else if (!event.button) line?.dispatchEvent(new MouseEvent("click", event));
  };
  on("click", openLine);
  on("auxclick", openLine);

  on("pools:changed", () => {
    if (!dialog.open) return;
    // The box would lie over the outcome.
    if (opener.closest("[popover]")) opener = byId("main");
    dialog.close();
  });

  /* --- Searching and filtering: one step back for each thing that was looked for --------- */

  const search = byId("search");

  // Typing goes on with one search: its first answer is a step, the next ones replace it.
  const newSearch = (begins) => {
    search.setAttribute("hx-push-url", begins);
    search.setAttribute("hx-replace-url", !begins);
  };

  on("focusout", ({ target }) => { if (target === search) newSearch(true); });
  on("htmx:pushedIntoHistory", () => { if (search?.matches(":focus")) newSearch(false); });

  // A date that is being typed has been the year 2, 20 and 202: it is asked for when it is left.
  const typedDates = new Map();

  on("keydown", ({ target }) => {
    if (target.matches("#filters [type='date']") && !typedDates.has(target)) typedDates.set(target, target.value);
  }, true);
  on("change", (event) => {
    if (typedDates.has(event.target)) event.stopPropagation();
  }, true);
  on("submit", () => typedDates.clear(), true);
  on("focusout", ({ target }) => {
    if (!typedDates.has(target)) return;
    const before = typedDates.get(target);
    typedDates.delete(target);
    if (target.value === before || target.validity.badInput) return;
    target.dispatchEvent(new Event("change", { bubbles: true }));
  });

  /* --- Find: from the box into what was found, and back ------------------------------------ */

  const find = () => {
    const own = document.querySelector("main .find-form input");
    if (own) {
      own.focus();
      own.select();
    } else byId("find")?.showPopover();
  };

  // Where Enter was pressed before its answer was there: it leads into the first hit (Shift: to
  // its Clear, where it is no near one), unless one types on.
  let awaited = "";
  let clears = false;
  on("input", () => { awaited = ""; });
  const hitsIn = (region) => [...region.querySelectorAll(".hit, tbody tr")].map((hit) => hit.querySelector("a"));
  const lead = (region) => {
    const [first] = hitsIn(region);
    first?.focus();
    if (first && clears && !region.matches("[data-near]")) first.closest(".hit").querySelector("[href*='/clear/']")?.click();
  };

  on("keydown", (event) => {
    const { key, target } = event;
    if (!["ArrowDown", "ArrowUp", "Enter"].includes(key) || event.isComposing) return;
    if (target.matches(".find-form input, #search") && key !== "ArrowUp") {
      const region = document.querySelector(target.getAttribute("hx-target"));
      event.preventDefault();
      clears = key === "Enter" && event.shiftKey && target.id !== "search";
      if (key === "ArrowDown" || target.value === region.dataset.typed) lead(region);
      else {
        awaited = region.id;
        htmx.trigger(target, "search");
      }
    } else if (key !== "Enter" && target.closest(".hits .hit, #pool-table tbody tr")) {
      const region = target.closest(".hits, #pool-table");
      const hits = hitsIn(region);
      const next = hits.indexOf(target.closest(".hit, tr").querySelector("a")) + (key === "ArrowDown" ? 1 : -1);
      event.preventDefault();
      (next < 0 ? document.querySelector(`[hx-target="#${region.id}"]`) : hits[next])?.focus();
    }
  });

  /* --- What htmx does ------------------------------------------------------------------- */

  let focusWasInside = false;
  let settledRequest = null;
  // Which region each request asked for: its answer may land in another.
  const busy = new Map();

  const LISTS = "#pool-table, #changes";
  // What a list was asked for, until there is an answer: what it is asked for then adds to that.
  let asked;

  on("htmx:configRequest", ({ detail }) => {
    const { elt, formData, verb } = detail;
    if (verb !== "get") return;
    const address = new URL(detail.path, location);
    const wanted = address.searchParams;
    for (const [name, value] of [...formData]) {
      formData.delete(name);
      if (value) wanted.set(name, value);
    }
    if (detail.target.matches(LISTS)) {
      const shown = new URLSearchParams(location.search);
      const step = { "page-left": -1, "page-right": 1 }[elt.id];
      const page = asked?.get("page");
      // One page further than the one that is not there yet.
      if (step && page) wanted.set("page", Number(page) + step || 1);
      // All filters are asked for at once; what is shown already takes the rest back.
      if (!asked || elt.action || elt !== search && String(wanted) === String(shown)) asked = wanted;
      const ask = (name, value) => (value === null ? asked.delete(name) : asked.set(name, value));
      for (const name of [...shown.keys(), ...wanted.keys()]) {
        const value = wanted.get(name);
        if (value !== shown.get(name)) ask(name, value);
      }
      ask("page", wanted.get("page"));
      // What was typed, and could not be answered.
      ask("search", search?.value || null);
      address.search = asked;
      detail.adds = String(asked) !== String(shown);
    }
    detail.path = address.href;
  });

  on("htmx:beforeRequest", (event) => {
    const { elt, target, xhr, requestConfig } = event.detail;
    // Enter was quicker than the pause after typing.
    if (elt.value && elt.value === target.dataset.typed && !requestConfig.adds) {
      event.preventDefault();
      return;
    }
    waiting(xhr, "Patchworks is slow to answer. Still waiting…");
    busy.set(xhr, target);
    // To draw it for an answer that is about to come would keep that waiting.
    setTimeout(() => busy.get(xhr)?.setAttribute("aria-busy", "true"), 150);
    if (target === dialogBody && !dialog.open) opener = elt;
    if (requestConfig.verb !== "post") return;
    say(elt.querySelector(".sends")?.dataset.busy || "");
    // Heard at the form itself: one that has left the page no longer reaches the document.
    elt.addEventListener("htmx:targetError", () => location.reload());
  });

  on("htmx:afterRequest", ({ detail }) => {
    waited(detail.xhr);
    busy.get(detail.xhr)?.removeAttribute("aria-busy");
    busy.delete(detail.xhr);
  });

  // Nobody is led away from what they typed.
  on("htmx:beforeOnLoad", (event) => {
    if (event.detail.xhr.status !== 401 || !guarded(document).some(differs)) return;
    event.preventDefault();
    show(byId("signed-out").content.cloneNode(true));
  });

  /* Another page of a long table. What is closed to htmx goes at once: it would take leave of each of
     a thousand elements. Of the new lines those come first that the window has room for, each as low
     as it can be, and the others a frame later: drawn at once, they would keep it waiting. */
  const begin = (detail) => {
    const { target, requestConfig: { elt }, serverResponse } = detail;
    // Where the next line stands.
    let top = elt.closest("nav") ? 0 : target.getBoundingClientRect().top;
    let cut = serverResponse.lastIndexOf("</thead");
    for (; cut > 0 && top <= innerHeight; top += 28) cut = serverResponse.indexOf("<tr", cut + 1);
    // The other lines of the day that it cuts, and the days after it.
    if (cut > 0) {
      detail.serverResponse = serverResponse.slice(0, cut)
        + serverResponse.slice(cut).replace(/(.*?)(<.tbody>)(.*)(?=<.table)/s, "</tr><template>$1</template>$2<template>$3</template>");
    }
    for (const each of target.querySelectorAll("[hx-disable]")) each.replaceChildren();
    requestAnimationFrame(() => requestAnimationFrame(() => {
      for (const each of document.querySelectorAll("table template")) each.replaceWith(each.content);
    }));
  };

  on("htmx:beforeSwap", ({ detail }) => {
    const { target, xhr } = detail;
    if (target === outcome) settle();
    focusWasInside = target.contains(document.activeElement);
    if (target.matches(LISTS)) asked = null;
    if (!detail.shouldSwap) return;
    if (xhr.status < 400) {
      if (target.matches(LISTS)) begin(detail);
    } else if (/<html/i.test(detail.serverResponse)) {
      detail.shouldSwap = false;
      show(WENT_WRONG);
    } else if (target.matches(LISTS)
      ? !target.querySelector(".problem")
      : target !== dialogBody && !detail.serverResponse.includes(`id="${target.id}"`)) {
      // A list, and what an answer has no place for, stays, marked as old; what went wrong is said above it.
      target.dataset.old = "yes";
      // What was said of a change before stays as well.
      outcome.querySelector(".problem")?.remove();
      settle();
      detail.target = outcome;
      detail.ignoreTitle = true;
      detail.swapOverride = "beforeend";
      detail.selectOverride = ".problem";
    }
  });

  on("htmx:afterSwap", ({ detail }) => {
    countDown();
    if (settledRequest === detail.xhr) return;
    settledRequest = detail.xhr;
    const { target, requestConfig: { elt } } = detail;
    if (target === dialogBody) {
      byId("dialog-says").replaceChildren();
      remember(dialogBody);
      if (!dialog.open) dialog.showModal();
      focusFirst();
    } else if (target === outcome) {
      reveal(outcome);
    } else {
      const region = byId(target.id);
      if (focusWasInside && document.activeElement === document.body) region?.focus();
      // With the frame that shows it: now, the page would be laid out once more for that.
      if (elt.closest("nav")) requestAnimationFrame(() => region.scrollIntoView());
      if (region?.id === awaited) lead(region);
      awaited = "";
      if (region?.dataset.announce && elt !== target) say(region.dataset.announce);
      outcome.querySelector(".problem, .lost")?.remove();
    }
  });

  on("htmx:sendError", () => {
    asked = null;
    show(dialog?.open
      ? "The panel didn't answer. What you typed is still here. You can safely send it again: nothing is done twice."
      : "The panel didn't answer. What you see may be out of date.", "lost");
  });

  // Statuses that are not swapped.
  on("htmx:responseError", () => show(WENT_WRONG));

  /* --- Theme ---------------------------------------------------------------------------- */

  on("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-theme-switch]")) return;
    event.preventDefault();
    const chosen = event.submitter.value;
    root.dataset.theme = chosen;
    for (const button of form.elements.theme) button.setAttribute("aria-pressed", button.value === chosen);
    fetch(form.action, { method: "POST", body: new FormData(form, event.submitter), redirect: "manual" });
  }, true);

  /* --- Keyboard: single keys, never while typing, and one can switch them off ------------ */

  const keysOn = () => root.dataset.singleKeys !== "off";
  // Where the focus is, it comes back to.
  const showKeys = ({ href }) => {
    htmx.ajax("get", href, { source: document.activeElement, target: dialogBody, swap: "innerHTML" });
  };
  on("change", ({ target }) => {
    if (target.id !== "keys-on") return;
    root.dataset.singleKeys = target.checked ? "on" : "off";
    const body = new FormData(target.form);
    body.set("keys", root.dataset.singleKeys);
    fetch(target.form.action, { method: "POST", body, redirect: "manual" });
  });

  const row = () => document.activeElement.closest("tbody tr, .hit");

  const step = (by) => {
    const links = [...document.querySelectorAll(OPENS)];
    const at = links.findIndex((link) => link.closest("tr") === row());
    const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by;
    links[next]?.focus();
  };

  // What stands there with that key, in the row or at the head of the page; after g, what leads away.
  let leads = 0;
  const offered = (key) => {
    const named = `[data-${leads ? "go" : "key"}="${CSS.escape(key)}"]`;
    return leads ? document.querySelector(named) : row()?.querySelector(named) || document.querySelector(`.head ${named}`);
  };

  // With Shift it is a range: choose.js hears the click.
  const tick = (event) => row()?.querySelector("[name='pool']")?.dispatchEvent(new MouseEvent("click", event));

  // All letters are in pools/wording/keys.py; these lead to nothing that stands on a page.
  const keys = {
    "/": find,
    x: tick,
    a: () => document.querySelector(".chosen.on summary")?.focus(),
    j: () => step(1),
    k: () => step(-1),
    g: () => { leads = setTimeout(() => { leads = 0; }, 1500); },
    "?": () => dialog && showKeys(byId("keyboard-help")),
  };

  // From any field of a form.
  on("keydown", (event) => {
    const { form } = event.target;
    const chord = event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing;
    if (!chord || form?.method !== "post") return;
    event.preventDefault();
    form.querySelector(".sends, [type='submit']:not([disabled])")?.click();
  });

  /* The letter on the key: with caps lock, and where its letter is of another alphabet. */
  const keyOf = ({ key, code, shiftKey }) => {
    if (!/^\p{L}$/u.test(key)) return key;
    const letter = (/\p{Script=Latin}/u.test(key) ? key : code.replace("Key", "")).toLowerCase();
    return shiftKey && letter !== "x" ? "" : letter;
  };

  on("keydown", (event) => {
    if (event.key === "Escape") {
      event.target.closest("[name='more'][open]")?.querySelector("summary").focus();
      closeMenus(event.target.closest("dialog") || root);
      // Out of the search box, with what was typed still there.
      if (event.target.id === "search") {
        event.preventDefault();
        event.target.blur();
      }
    }
    const blocked = document.querySelector("dialog[open]");
    if ((event.ctrlKey || event.metaKey) && keyOf(event) === "k" && !blocked) {
      event.preventDefault();
      find();
    }
    const typing = event.target.closest("input:not([type='checkbox']), textarea, select");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const key = keyOf(event);
    const offer = !keys[key] && offered(key);
    if (!keys[key] && !offer || !keysOn() || blocked) return;
    event.preventDefault();
    if (!offer) return keys[key](event);
    leads = 0;
    offer.click();
  });

  /* --- When a page has loaded ------------------------------------------------------------ */

  // Back to a form that was refused asks for it anew, instead of whether to send it again.
  history.replaceState(history.state, "");
  remember(document);
  countDown();
  typeOn(document.activeElement);
  // With its names marked as such: a translator reads what is announced, too.
  const arrived = [...outcome?.querySelectorAll(".notice-text > bdi") ?? []];
  if (arrived.length) arriving = setTimeout(() => byId("announce").replaceChildren(...arrived.map((each) => each.cloneNode(true))), 150);
})();
