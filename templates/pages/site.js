"use strict";

// Adds the reader's time zone, buttons and suggestions; pages work without it.
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const page = document.documentElement.lang;
  const lang = !page || page === "en" ? "en-GB" : page;
  const DAY = 86400000;

  // Times: an age within a day, else in the reader's zone; so too in a list where an age would wrap.
  const offset = (text) => (/([+-])(\d\d):(\d\d)$/.exec(text) || []).slice(1);
  const local = (at) => {
    const today = new Date(), style = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    if (at.toDateString() !== today.toDateString()) Object.assign(style, { day: "numeric", month: "short" });
    if (at.getFullYear() !== today.getFullYear()) style.year = "numeric";
    return new Intl.DateTimeFormat(lang, style).format(at);
  };
  const ago = (age) => {
    const format = new Intl.RelativeTimeFormat(lang, { style: "short", numeric: "always" });
    const minutes = Math.max(1, Math.round(age / 60000));
    return minutes < 60 ? format.format(-minutes, "minute") : format.format(-Math.round(minutes / 60), "hour");
  };
  const changes = all("time[datetime]:not(.clock)").map((element) => {
    const at = new Date(element.dateTime), age = Date.now() - at;
    const [sign, hours, minutes] = offset(element.dateTime);
    const zone = sign ? (sign === "-" ? 1 : -1) * (60 * hours + +minutes) : at.getTimezoneOffset();
    const text = age >= 0 && age < DAY ? ago(age) : zone === at.getTimezoneOffset() ? "" : local(at);
    const line = element.closest("p, li, div") || element;
    return { element, text, line, title: local(at), height: line.offsetHeight };
  }).filter(({ text }) => text);
  for (const { element, text, title } of changes) Object.assign(element, { textContent: text, title });
  const group = (line) => line.closest("ol, ul, section") || line;
  const wrapped = new Set(changes.filter(({ line, height }) => line.offsetHeight > height).map(({ line }) => group(line)));
  for (const { element, line, title } of changes) if (wrapped.has(group(line))) element.textContent = title;
  for (const flag of all("[data-new]")) flag.hidden = Date.now() - new Date(flag.dataset.new) > DAY / 24;
  for (const element of all("[data-zone]")) element.textContent = element.dataset.zone;
  for (const element of all(".today")) {
    const width = innerWidth < 768 ? "short" : "long";
    const style = { weekday: width, day: "numeric", month: width, year: "numeric" };
    element.textContent = new Intl.DateTimeFormat(lang, style).format(new Date());
  }

  // Buttons.
  const address = document.querySelector('link[rel="canonical"]')?.href || location.href;
  const offer = (selector, run) => {
    for (const button of all(selector)) {
      button.hidden = false;
      button.addEventListener("click", () => run(button));
    }
  };
  if (navigator.clipboard) {
    offer("[data-copy]", async (button) => {
      await navigator.clipboard.writeText(new URL(button.dataset.copy || address, location.href).href);
      button.setAttribute("aria-live", "polite");
      button.textContent = button.dataset.done;
    });
  }
  if (navigator.share) {
    offer("[data-share]", (button) => navigator.share({ title: document.title, url: address }).catch(() => {}));
  }
  offer("[data-print]", () => print());

  // Text size and read mode; storage may be switched off.
  try {
    for (const input of all('input[name="size"], #read-mode')) {
      const key = "syndicate-" + (input.name || input.id);
      const kept = localStorage.getItem(key);
      if (kept) input.checked = kept === input.id;
      input.addEventListener("change", () => localStorage.setItem(key, input.checked ? input.id : "off"));
    }
  } catch {
    // No storage.
  }

  // Suggestions below the search field.
  const form = document.querySelector(".search");
  if (!form) return;
  const input = form.elements.q, list = document.createElement("ul");
  let timer, asked = 0;
  Object.assign(list, { className: "suggestions", id: "suggestions", role: "listbox", hidden: true });
  form.append(list);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false",
  })) input.setAttribute(name, value);
  const show = (items) => {
    list.replaceChildren(...items.slice(0, 5).map(({ text, path, kind }, place) => {
      const option = Object.assign(document.createElement("li"), { id: "suggestion-" + place, role: "option" });
      const remark = Object.assign(document.createElement("small"), { textContent: form.dataset[kind] || "" });
      option.dataset.url = new URL(path, form.action);
      option.append(text + " ", remark);
      option.addEventListener("mousedown", () => { location.href = option.dataset.url; });
      return option;
    }));
    list.hidden = !list.children.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    input.removeAttribute("aria-activedescendant");
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    const words = input.value.trim(), turn = ++asked;
    if (words.length < 2) return show([]);
    timer = setTimeout(async () => {
      const answer = await fetch(form.action + "/suggest?q=" + encodeURIComponent(words)).catch(() => null);
      if (answer && answer.ok && turn === asked) show((await answer.json()).suggestions);
    }, 200);
  });
  input.addEventListener("keydown", (event) => {
    const options = [...list.children], now = options.findIndex((option) => option.ariaSelected === "true");
    if (event.key === "Escape") show([]);
    else if (event.key === "Enter" && now >= 0) {
      event.preventDefault();
      location.href = options[now].dataset.url;
    } else if (options.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const next = (now + (event.key === "ArrowDown" ? 1 : -1 + (now < 0)) + options.length) % options.length;
      options.forEach((option, place) => { option.ariaSelected = String(place === next); });
      input.setAttribute("aria-activedescendant", options[next].id);
    }
  });
  input.addEventListener("blur", () => show([]));
})();
