/** The demo with a window: a Chromium on a profile of its own, with the extension in it, on the film community's front page. */
import { Daemon } from "../../test/support/daemon.ts";
import { Viewer } from "../../test/support/viewer.ts";
import { PAGES } from "./pages.ts";
import { startGuest } from "./people.ts";
import type { Say, Site } from "./site.ts";

/** Resolves once all is there; `closed` resolves when the user has closed the browser. */
export async function openBrowser(
  stack: AsyncDisposableStack,
  site: Site,
  say: Say,
): Promise<{ closed: Promise<void> }> {
  const outboundProxy = `sip:${site.proxy.host}:${site.proxy.port};lr`;
  const daemon = await Daemon.start({ name: "you", config: { sip: { outboundProxy } } });
  stack.defer(() => daemon.stop());
  say(`SIP service ready on ${daemon.socketPath}`);
  const viewer = await Viewer.start({ name: "you", environment: daemon.environment, headless: false });
  stack.defer(() => viewer.close());
  await greet(stack, site, say);
  await viewer.open(site.url("/"));
  say(`browser ready on ${site.url("/")}`);
  const { promise, resolve } = Promise.withResolvers<void>();
  viewer.browser.once("disconnected", () => resolve());
  return { closed: promise };
}

/** Without baresip there is nobody to meet; the rest works all the same. */
async function greet(stack: AsyncDisposableStack, site: Site, say: Say): Promise<void> {
  try {
    await startGuest(stack, [await site.roomOf(PAGES.link)]);
    say(`dora waits in the conference of ${PAGES.link}`);
  } catch (cause) {
    say(`nobody waits for you: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
