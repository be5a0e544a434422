"use strict";
// Proof of work: before the form is sent, find a number whose SHA-256 begins with enough zero bits.
for (const input of document.querySelectorAll("[data-work]")) {
  const { form } = input;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const facts = await fetch(input.dataset.work, { headers: { Accept: "application/json" } });
      const { bits, challenge } = (await facts.json()).proof_of_work;
      const encoder = new TextEncoder(), address = form.elements.address.value.trim();
      for (let number = 0, found = 1; found; number++) {
        input.value = challenge + number;
        const hash = await crypto.subtle.digest("SHA-256", encoder.encode(`${input.value} ${address}`));
        found = bits && new DataView(hash).getUint32() >>> (32 - bits);
      }
    } catch {
      input.value = "";
    }
    button.disabled = false;
    form.submit();
  });
}
