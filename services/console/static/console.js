// Small helpers of the console's pages.
globalThis.wuxian = {
  // Quasar names neither the boxes that tick rows nor the input of an upload, and keeps that one
  // from the keyboard.
  nameControls() {
    const inEnglish = document.documentElement.lang === "en";
    new MutationObserver(() => {
      for (const box of document.querySelectorAll(".wx-table .q-checkbox:not([aria-label])")) {
        const all = box.closest("thead") !== null;
        const [zh, en] = all ? ["全选", "Tick all"] : ["选此行", "Tick this row"];
        box.setAttribute("aria-label", inEnglish ? en : zh);
      }
      for (const input of document.querySelectorAll(".q-uploader__input:not([aria-label])")) {
        input.setAttribute("aria-label", input.closest(".wx-choose")?.textContent.trim() || "file");
        input.tabIndex = 0;
      }
    }).observe(document.body, { childList: true, subtree: true });
  },
  // The page comes in Chinese; Quasar has English built in.
  speakEnglish() {
    document.documentElement.lang = "en";
    addEventListener("load", () => globalThis.Quasar?.lang.set(Quasar.lang.enUS));
  },
  // After a new sign-in over an open page: the old id of the browser is worth nothing any more.
  takeNewId(claim) {
    fetch("/session-ids", { method: "POST", body: new URLSearchParams({ claim }) });
  },
  // In a frame: takes access tokens that the page around it posts, from the allowed sites only.
  takeTokens(origins) {
    addEventListener("message", (event) => {
      if (event.source !== window.parent || !origins.includes(event.origin)) return;
      const { token, expires_in } = event.data ?? {};
      if (typeof token === "string") emitEvent("wall_token", { token, expires_in });
    });
    const ask = () => origins.forEach((one) => window.parent.postMessage({ wuxian: "token please" }, one));
    addEventListener("load", () => setTimeout(ask, 500));
    setInterval(ask, 300000);
  },
  // Marks the menu's link of the page that is shown: the address changes without a load.
  followMenu() {
    const mark = () => {
      const groups = [...document.querySelectorAll(".wx-area-group")];
      // A short menu stands open as a whole; of a long one the group that is used.
      if (document.querySelectorAll(".wx-nav-link").length <= 16) groups.forEach((one) => (one.open = true));
      for (const link of document.querySelectorAll(".wx-nav-link")) {
        const path = link.getAttribute("href");
        const here = location.pathname === path || (path !== "/" && location.pathname.startsWith(path + "/"));
        link.classList.toggle("wx-here", here);
        if (here) link.closest("details").open = true;
        if (here) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
    };
    const push = history.pushState.bind(history);
    history.pushState = (...given) => { push(...given); mark(); };
    addEventListener("popstate", mark);
    addEventListener("load", () => setTimeout(mark, 0));
  },
};
