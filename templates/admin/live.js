// Live regions: fetch a marked part of a page again and put it in place.
// A form with data-live="ID" sends itself by GET after typing stops and replaces the element #ID.
// An element with data-reload="SECONDS" and an id replaces itself from the same address.
const WAIT = 400;

async function replace(id, url) {
  const answer = await fetch(url, { headers: { "X-Live": "1" } });
  if (!answer.ok || answer.redirected) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(id);
  const present = document.getElementById(id);
  if (!fresh || !present || present.contains(document.activeElement)) return false;
  present.replaceWith(document.importNode(fresh, true));
  watch(document.getElementById(id));
  return true;
}

function watch(element) {
  const seconds = Number(element?.dataset.reload);
  if (!seconds) return;
  setTimeout(async () => {
    const done = document.hidden ? false : await replace(element.id, location.href).catch(() => false);
    if (!done && element.isConnected) watch(element);
  }, seconds * 1000);
}

for (const form of document.querySelectorAll("form[data-live]")) {
  let timer, last = 0;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const mine = ++last;
      const given = new FormData(form);
      for (const name of ["csrf", "key"]) given.delete(name);
      const url = new URL(form.dataset.liveAddress || location.href, location.href);
      url.search = new URLSearchParams([...given].filter(([, value]) => typeof value === "string"));
      if (mine === last) replace(form.dataset.live, url).catch(() => {});
    }, WAIT);
  });
}
document.querySelectorAll("[data-reload][id]").forEach(watch);
