/** Tells when a page may have changed its tag: moves inside a single-page site, a changed head, an end of prerendering. */

/** How long a head must stay still before it is read again. */
const HEAD_SETTLES_MS = 250;

/** Calls `read` once the head is complete: with the first of the body, long before a large page has come. */
export function whenHeadIsRead(page: Document, read: () => void, signal: AbortSignal): void {
  if (page.body || page.readyState !== "loading") {
    read();
    return;
  }
  const once = new AbortController();
  const observer = new MutationObserver(() => page.body && once.abort());
  once.signal.addEventListener("abort", () => {
    observer.disconnect();
    if (!signal.aborted) read();
  });
  observer.observe(page, { childList: true, subtree: true });
  page.addEventListener("DOMContentLoaded", () => once.abort(), { signal: once.signal });
}

/** Calls `changed` at each such moment until the signal aborts. */
export function watchPage(page: Document, changed: () => void, signal: AbortSignal): void {
  // The Navigation API sees pushState, replaceState and hash moves without a permission; older browsers have popstate.
  const moves: EventTarget | undefined = "navigation" in window ? window.navigation : undefined;
  moves?.addEventListener("navigatesuccess", changed, { signal });
  window.addEventListener("popstate", changed, { signal });
  page.addEventListener("prerenderingchange", changed, { signal });
  if (page.head) watchHead(page.head, changed, signal);
}

function watchHead(head: HTMLHeadElement, changed: () => void, signal: AbortSignal): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const observer = new MutationObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(changed, HEAD_SETTLES_MS);
  });
  observer.observe(head, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["href", "rel", "content", "name", "title", "data-features"],
  });
  signal.addEventListener("abort", () => {
    observer.disconnect();
    clearTimeout(timer);
  });
}
