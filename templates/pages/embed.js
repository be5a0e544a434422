// Elements for other sites: <syndicate-top>, <syndicate-story number="7">, <syndicate-sign-up newsletter="daily">.
// Each is a frame of the site that serves this script; height="420" is its height in pixels.
{
const base = new URL(".", document.currentScript.src);

function define(name, title, height, path, sandbox) {
  customElements.define(name, class extends HTMLElement {
    connectedCallback() {
      if (this.querySelector("iframe")) return;
      const frame = document.createElement("iframe");
      frame.src = new URL(path(this), base);
      frame.title = this.getAttribute("label") || title;
      frame.loading = "lazy";
      frame.width = "100%";
      frame.height = this.getAttribute("height") || height;
      frame.frameBorder = "0";
      frame.setAttribute("sandbox", sandbox);
      this.replaceChildren(frame);
    }
  });
}

const links = "allow-same-origin allow-top-navigation-by-user-activation allow-popups allow-popups-to-escape-sandbox";
define("syndicate-top", "Top stories", 420, () => "top.html", links);
define("syndicate-story", "Story", 360, (e) => `story/${Number(e.getAttribute("number")) || 0}`, links);
define("syndicate-sign-up", "Newsletter sign-up", 480,
  (e) => `../subscribe/form?newsletter=${encodeURIComponent(e.getAttribute("newsletter") || "")}`,
  `${links} allow-forms allow-scripts`);
}
