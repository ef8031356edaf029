// Keeps a page about running imports up to date: reads the page again, in a frame that nobody sees, and puts what
// changed in its place. What a person has typed, chosen or focused elsewhere stays as it is. Only a frame of this
// site may be opened; the content security policy allows no other request. Without script the page reloads.
"use strict";

(() => {
  const EVERY = 5000;
  const status = () => document.getElementById("live-status");
  const said = (page) => [...page.querySelectorAll("[data-said]")].map((one) => one.dataset.said).join("; ");
  const marked = (page) => new Map([...page.querySelectorAll("[data-live]")].map((one) => [one.dataset.live, one]));
  let before = said(document);

  // The same element after an exchange: by its id, or by where it leads.
  const again = (focused, inside) => {
    const by = focused.id ? `#${CSS.escape(focused.id)}` : `[href="${CSS.escape(focused.getAttribute("href") ?? "")}"]`;
    return inside.querySelector(by);
  };

  const show = (page) => {
    const fresh = marked(page);
    for (const [name, old] of marked(document)) {
      const next = fresh.get(name);
      if (next?.innerHTML === old.innerHTML) continue;
      const focused = old.contains(document.activeElement) ? document.activeElement : null;
      const [left, top] = [...old.querySelectorAll(".table")].map((one) => [one.scrollLeft, one.scrollTop])[0] ?? [0, 0];
      if (next) old.replaceWith(document.adoptNode(next));
      else old.remove();
      next?.querySelector(".table")?.scrollTo(left, top);
      if (focused && next) again(focused, next)?.focus({ preventScroll: true });
    }
    const now = said(document);
    if (now !== before) status().textContent = now || "Ended";
    before = now;
    return now !== "";
  };

  const read = () => {
    if (document.hidden) return wait();
    const frame = document.createElement("iframe");
    frame.title = "What is new";
    frame.hidden = true;
    frame.addEventListener("load", () => {
      const page = frame.contentDocument;
      const is_ours = page?.getElementById("live-status");
      // A page of ours without these parts refuses: the login is over, or the permission.
      if (is_ours && !page.querySelector("[data-live]")) return location.reload();
      const runs = is_ours ? show(page) : true;
      frame.remove();
      if (runs) wait();
    });
    // Another address than this page's, for a page may not be framed in itself.
    const address = new URL(location.href);
    address.searchParams.set("live", "1");
    frame.src = address;
    document.body.append(frame);
  };

  const wait = () => setTimeout(read, EVERY);
  if (window.frameElement?.title !== "What is new") wait();
})();
