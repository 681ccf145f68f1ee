/** Sends clicks on sip: and tel: links to the SIP service instead of the operating system (paper §V, Figure 7). */

/** Which links are ours (settings.ts). */
export interface OurLinks {
  readonly sipLinks: boolean;
  readonly telLinks: boolean;
}

const SIP = /^sips?:/i;
const TEL = /^tel:/i;

/** Only the user's own clicks count, and none on what is being written. `open` is given the address as the page has it. */
export function watchSipLinks(
  root: Document,
  ours: () => OurLinks,
  open: (uri: string) => void,
  signal: AbortSignal,
): void {
  const click = (event: MouseEvent) => {
    const link = linkOf(event);
    if (!link || !isOurs(link, ours())) return;
    event.preventDefault();
    open(link);
  };
  // Before the page's own listeners, which could stop the click or change the link under it.
  root.addEventListener("click", click, { signal, capture: true });
}

/** The address of the link that was clicked with the main button; `undefined` when that was no plain click on one. */
function linkOf(event: MouseEvent): string | undefined {
  const { isTrusted, button, target } = event;
  if (!isTrusted || button !== 0 || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey)
    return undefined;
  if (!(target instanceof Element) || isWritten(target)) return undefined;
  const link = target.closest("a[href], area[href]");
  return link?.getAttribute("href")?.trim();
}

function isWritten(target: Element): boolean {
  return target.closest("textarea") !== null || (target instanceof HTMLElement && target.isContentEditable);
}

function isOurs(uri: string, { sipLinks, telLinks }: OurLinks): boolean {
  return (sipLinks && SIP.test(uri)) || (telLinks && TEL.test(uri));
}
