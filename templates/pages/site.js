"use strict";

// The pages work without this file; it only remembers the reader's text size.
(() => {
  const KEY = "syndicate-text-size";
  const sizes = document.querySelectorAll('input[name="size"]');
  try {
    const kept = sizes.length && document.getElementById(localStorage.getItem(KEY) ?? "");
    if (kept && kept.name === "size") kept.checked = true;
    for (const size of sizes) {
      size.addEventListener("change", () => localStorage.setItem(KEY, size.id));
    }
  } catch {
    // Storage is switched off: the choice lasts as long as the page.
  }
})();
