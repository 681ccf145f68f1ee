/** The worker of our extension in a browser of the test. */
import type { Browser, WebWorker } from "puppeteer";
import { CHROMIUM_EXTENSION_ID } from "../../native-host/src/extension-id.ts";

/** The worker as it is now; it may have been killed and started again. */
export async function extensionWorker(browser: Browser): Promise<WebWorker> {
  const target = await browser.waitForTarget((one) => one.type() === "service_worker" && isOurs(one.url()));
  const worker = await target.worker();
  if (!worker) throw new Error("the extension's worker is gone");
  return worker;
}

/**
 * Kills the worker, as the browser does when it needs memory. Nobody is attached to it then: the debugger would hold the
 * worker that comes after it at its first line, and an open screen wakes that one in the same moment.
 */
export async function killExtensionWorker(browser: Browser): Promise<void> {
  const worker = await extensionWorker(browser);
  await worker.client.detach();
  const session = await browser.target().createCDPSession();
  const { targetInfos } = await session.send("Target.getTargets");
  const killed = targetInfos.find(({ type, url }) => type === "service_worker" && isOurs(url));
  if (killed) await session.send("Target.closeTarget", { targetId: killed.targetId });
  await session.detach();
}

function isOurs(url: string): boolean {
  return new URL(url).host === CHROMIUM_EXTENSION_ID;
}
