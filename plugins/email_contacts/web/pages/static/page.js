// Inside Airflow's UI the pages stand in a frame that cannot open other pages of Airflow by itself. The theme
// is the one that the user has chosen there; everything else works without this script.
"use strict";

(() => {
  const outside = () => {
    try {
      return window.parent === window ? null : window.parent.document;
    } catch {
      return null;
    }
  };

  const follow = () => {
    const chosen = outside()?.documentElement;
    const theme = ["dark", "light"].find((name) => chosen?.classList.contains(name));
    if (theme) document.documentElement.dataset.theme = theme;
  };

  follow();
  const frame = outside();
  if (frame) {
    new MutationObserver(follow).observe(frame.documentElement, { attributeFilter: ["class"] });
    document.addEventListener("click", (event) => {
      const link = event.target.closest?.("a[data-airflow]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const there = frame.createElement("a");
      there.href = link.href;
      frame.body.append(there);
      there.click();
      there.remove();
    });
  }
})();
