/** The worker of our extension in a browser of the test. */
import type { Browser, Target, WebWorker } from "puppeteer";
import { CHROMIUM_EXTENSION_ID } from "../../native-host/src/extension-id.ts";

/** The worker as it is now; it may have been killed and started again. */
export async function extensionWorker(browser: Browser): Promise<WebWorker> {
  return workerOf(await browser.waitForTarget(isWorker));
}

/**
 * Kills the worker, as the browser does when it needs memory. An open screen wakes it again in the same moment: the
 * debugger may then hold the new one at its first line and never hear of it, so whoever is held is let go.
 */
export async function killExtensionWorker(browser: Browser): Promise<void> {
  const killed = await browser.waitForTarget(isWorker);
  const worker = await workerOf(killed);
  const letGo = async () => {
    const next = await browser.waitForTarget((one) => isWorker(one) && one !== killed);
    const session = await next.createCDPSession();
    await session.send("Runtime.runIfWaitingForDebugger");
  };
  // Where nobody is held there may be nobody to answer either.
  letGo().catch(() => undefined);
  await worker.close();
}

function isWorker(target: Target): boolean {
  return target.type() === "service_worker" && target.url().includes(CHROMIUM_EXTENSION_ID);
}

async function workerOf(target: Target): Promise<WebWorker> {
  const worker = await target.worker();
  if (!worker) throw new Error("the extension's worker is gone");
  return worker;
}
