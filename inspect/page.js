"use strict";
// Every two seconds the content is replaced by a new one. What the reader has opened stays open, and the place stays.
const main = document.getElementById("main");
const live = document.getElementById("live");
const selecting = () => !getSelection().isCollapsed && main.contains(getSelection().anchorNode);

async function refresh() {
  if (!live.checked || document.hidden || selecting()) return;
  try {
    const answer = await fetch(location.href, {cache: "no-store"});
    if (!answer.ok) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
    for (const open of main.querySelectorAll("details[open]")) {
      const same = fresh.querySelector("#" + CSS.escape(open.id));
      if (same) same.open = true;
    }
    const focused = document.activeElement && main.contains(document.activeElement) && document.activeElement.closest("details");
    const y = scrollY;
    main.replaceChildren(...fresh.childNodes);
    if (focused) document.getElementById(focused.id)?.querySelector("summary")?.focus({preventScroll: true});
    scrollTo(scrollX, y);
  } catch {
    document.getElementById("stale").hidden = false;
  }
}
(async () => {
  for (;;) {
    await new Promise(wake => setTimeout(wake, 2000));
    await refresh();
  }
})();
