/** The demo with a window: a Chromium on a profile of its own, with the extension in it, on the film community's front page. */
import { Viewer } from "../../test/support/viewer.ts";
import { PAGES } from "./pages.ts";
import { startGuest, startService } from "./people.ts";
import type { Say } from "./say.ts";
import type { Site } from "./site.ts";
import { tellEvents } from "./tell.ts";

/** Resolves once all is there; `closed` resolves when the user has closed the browser. */
export async function openBrowser(
  stack: AsyncDisposableStack,
  site: Site,
  say: Say,
): Promise<{ closed: Promise<void> }> {
  const args = site.ports ? ["--sip-port", String(site.ports.service)] : [];
  const daemon = await startService(stack, "you", site, { args });
  say(`SIP service ready on ${daemon.socketPath}`);
  const api = await daemon.connect();
  stack.defer(() => api.close());
  const viewer = await Viewer.start({ name: "you", environment: daemon.environment, headless: false });
  stack.defer(() => viewer.close());
  await greet(stack, site, say);
  await viewer.open(site.url("/"));
  say(`browser ready on ${site.url("/")}`);
  await tellEvents(api, say);
  const { promise, resolve } = Promise.withResolvers<void>();
  viewer.browser.once("disconnected", () => resolve());
  return { closed: promise };
}

/** Without baresip there is nobody to meet; the rest works all the same. */
async function greet(stack: AsyncDisposableStack, site: Site, say: Say): Promise<void> {
  try {
    await startGuest(stack, site, [await site.roomOf(PAGES.link)]);
    say(`dora waits in the conference of ${PAGES.link}`);
  } catch (cause) {
    say(`nobody waits for you: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
