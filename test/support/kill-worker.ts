/** Kills an extension's worker, as the browser does when it needs memory. */
import type { Browser, Target } from "puppeteer";

/**
 * Resolves when it was told to end. A screen that is open wakes it again in the same moment, and then the debugger may
 * hold the new one at its first line and never hear of it: so whoever is held is let go.
 */
export async function killWorker(browser: Browser, isOurs: (target: Target) => boolean): Promise<void> {
  const target = await browser.waitForTarget(isOurs);
  const worker = await target.worker();
  await worker?.close();
  const awake = browser.targets().find(isOurs);
  const session = await awake?.createCDPSession().catch(() => undefined);
  await session?.send("Runtime.runIfWaitingForDebugger").catch(() => undefined);
  await session?.detach().catch(() => undefined);
}
