// Lists with data-order: drag a story by its handle; the form is saved when it is dropped. Buttons do the same.
for (const list of document.querySelectorAll("[data-order]")) {
  const form = list.closest("form");
  for (const item of list.children) {
    const handle = document.createElement("button");
    handle.type = "button";
    handle.className = "review-handle";
    handle.textContent = "⋮⋮";
    handle.tabIndex = -1;
    handle.setAttribute("aria-hidden", "true");
    item.querySelector(".review-buttons").prepend(handle);
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      let moved = false;
      item.classList.add("dragged");
      const move = ({ clientY }) => {
        for (const other of list.children) {
          const box = other.getBoundingClientRect();
          if (other === item || clientY < box.top || clientY > box.bottom) continue;
          other[clientY < box.top + box.height / 2 ? "before" : "after"](item);
          moved = true;
        }
      };
      const end = () => {
        document.removeEventListener("pointermove", move);
        item.classList.remove("dragged");
        if (moved) form.requestSubmit(form.querySelector('button[value="save"]'));
      };
      document.addEventListener("pointermove", move);
      document.addEventListener("pointerup", end, { once: true });
      document.addEventListener("pointercancel", () => document.removeEventListener("pointermove", move), { once: true });
    });
  }
}
