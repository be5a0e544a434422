// Signing out removes all drafts, so that the next person at this browser does not see them.
for (const form of document.querySelectorAll('form[action="/admin/sign-out"]')) {
  form.addEventListener("submit", () => {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith("syndicate:")) sessionStorage.removeItem(key);
  });
}

// Forms with data-guard="NAME": warn before a changed form is left, and keep a draft until it is sent.
for (const form of document.querySelectorAll("form[data-guard]")) {
  const key = `syndicate:${location.pathname}:${form.dataset.guard}`;
  const fields = () =>
    [...new FormData(form)].filter(([name, value]) => !["csrf", "key"].includes(name) && typeof value === "string");
  const before = JSON.stringify(fields());
  const draft = sessionStorage.getItem(key);
  let sent = false;
  if (draft && draft !== before && !document.querySelector("#wrong")) {
    const note = document.createElement("p");
    const button = document.createElement("button");
    note.className = "message warn";
    note.textContent = "An unsent draft of this form is on this device. ";
    button.type = "button";
    button.textContent = "Fill it in";
    button.addEventListener("click", () => {
      const values = new Map();
      for (const [name, value] of JSON.parse(draft)) values.set(name, [...(values.get(name) ?? []), value]);
      for (const element of form.elements) {
        if (!element.name || ["csrf", "key"].includes(element.name) || element.type === "file") continue;
        const given = values.get(element.name) ?? [];
        if (["checkbox", "radio"].includes(element.type)) element.checked = given.includes(element.value);
        else if (element.type !== "submit" && given.length) element.value = given.shift();
      }
      note.remove();
    });
    note.append(button);
    form.prepend(note);
  }
  form.addEventListener("input", () => sessionStorage.setItem(key, JSON.stringify(fields())));
  form.addEventListener("submit", () => {
    sent = true;
    sessionStorage.removeItem(key);
  });
  addEventListener("beforeunload", (event) => {
    if (!sent && JSON.stringify(fields()) !== before) event.preventDefault();
  });
}
