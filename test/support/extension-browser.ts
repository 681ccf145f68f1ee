/** A real Chromium with the extension in it, and a native host that is a pipe to the test. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import puppeteer, { type Browser, type Page, type Target, type WebWorker } from "puppeteer";
import { build } from "vite";
import { CHROMIUM_EXTENSION_ID, NATIVE_HOST_NAME } from "../../native-host/src/extension-id.ts";
import { chromiumPath } from "./chromium.ts";

const ROOT = path.join(import.meta.dirname, "../..");

const FLAGS = [
  "--no-sandbox",
  "--use-fake-device-for-media-stream",
  "--allow-loopback-in-peer-connection",
  "--disable-background-networking",
  "--no-first-run",
];

export interface ExtensionBrowserOptions {
  /** The socket the native host connects to. */
  readonly socket: string;
  /** Where the extension was built to. */
  readonly extension: string;
  /** Without it the native host is not installed. */
  readonly installed?: boolean;
  /** Without it nobody answers the browser's question for the microphone. */
  readonly microphone?: boolean;
}

/** Builds the extension into a folder of its own. */
export async function buildExtension(folder: string): Promise<string> {
  const outDir = path.join(folder, "extension");
  await build({
    root: ROOT,
    configFile: path.join(ROOT, "vite.config.ts"),
    logLevel: "error",
    build: { outDir },
  });
  return outDir;
}

export function temporaryFolder(): string {
  return mkdtempSync(path.join(tmpdir(), "partyline-"));
}

export class ExtensionBrowser {
  readonly browser: Browser;
  readonly #profile: string;

  private constructor(browser: Browser, profile: string) {
    this.browser = browser;
    this.#profile = profile;
  }

  static async open(options: ExtensionBrowserOptions): Promise<ExtensionBrowser> {
    const { socket, extension, installed = true, microphone = true } = options;
    const profile = temporaryFolder();
    if (installed) installHost(profile, socket);
    const browser = await puppeteer.launch({
      executablePath: chromiumPath(),
      headless: true,
      pipe: true,
      userDataDir: profile,
      enableExtensions: true,
      args: microphone ? [...FLAGS, "--use-fake-ui-for-media-stream"] : FLAGS,
    });
    await browser.installExtension(extension);
    const opened = new ExtensionBrowser(browser, profile);
    await opened.worker();
    return opened;
  }

  /** The extension's worker as it is now; it may have been killed and started again. */
  async worker(): Promise<WebWorker> {
    const target = await this.browser.waitForTarget(
      (one) => one.type() === "service_worker" && one.url().includes(CHROMIUM_EXTENSION_ID),
    );
    const worker = await target.worker();
    if (!worker) throw new Error("The worker is gone.");
    return worker;
  }

  /**
   * Kills the worker while a screen is open, which wakes it again in the same moment: the debugger may then hold the
   * new one at its first line and never hear of it, so whoever is held is let go.
   */
  async killWorker(): Promise<void> {
    await (await this.worker()).close();
    const letGo = async () => {
      const target = await this.browser.waitForTarget(
        (one) => one.type() === "service_worker" && one.url().includes(CHROMIUM_EXTENSION_ID),
      );
      const session = await target.createCDPSession();
      await session.send("Runtime.runIfWaitingForDebugger");
    };
    // Where nobody is held there may be nobody to answer either.
    letGo().catch(() => undefined);
  }

  async allowMicrophone(): Promise<void> {
    const origin = `chrome-extension://${CHROMIUM_EXTENSION_ID}`;
    await this.browser.defaultBrowserContext().overridePermissions(origin, ["microphone"]);
  }

  /** Has the offscreen document log the frames it receives; the worker reads its settings when it starts. */
  async diagnose(): Promise<void> {
    const worker = await this.worker();
    await worker.evaluate("chrome.storage.local.set({ diagnosis: true })");
    const gone = this.#workerGone();
    await worker.close();
    // A page that is opened before may be heard by the one that ends, and by nobody else.
    await gone;
  }

  #workerGone(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (target: Target) => {
      if (target.type() !== "service_worker") return;
      this.browser.off("targetdestroyed", look);
      resolve();
    };
    this.browser.on("targetdestroyed", look);
    return promise;
  }

  /** The popup that the extension opens by itself, to ask something. */
  async askingPopup(): Promise<Page> {
    return (await this.browser.waitForTarget((target) => isPopup(target.url()), { timeout: 5000 })).asPage();
  }

  /** Opens the real action popup over a page, or finds the one that is open. */
  async popup(page: Page): Promise<Page> {
    const open = this.browser.targets().find((target) => isPopup(target.url()));
    if (open) return open.asPage();
    const extension = (await this.browser.extensions()).get(CHROMIUM_EXTENSION_ID);
    if (!extension) throw new Error("The extension is not installed.");
    await page.triggerExtensionAction(extension);
    return (await this.browser.waitForTarget((target) => isPopup(target.url()))).asPage();
  }

  async close(): Promise<void> {
    await this.browser.close();
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

function isPopup(url: string): boolean {
  return url.startsWith(`chrome-extension://${CHROMIUM_EXTENSION_ID}/extension/popup/`);
}

function installHost(profile: string, socket: string): void {
  const launcher = path.join(profile, "host.sh");
  const pipe = path.join(import.meta.dirname, "host-pipe.ts");
  writeFileSync(launcher, `#!/bin/sh\nexec "${process.execPath}" "${pipe}" "${socket}"\n`, { mode: 0o755 });
  const folder = path.join(profile, "NativeMessagingHosts");
  mkdirSync(folder, { recursive: true });
  const manifest = {
    name: NATIVE_HOST_NAME,
    description: "Partyline test host",
    path: launcher,
    type: "stdio",
    allowed_origins: [`chrome-extension://${CHROMIUM_EXTENSION_ID}/`],
  };
  writeFileSync(path.join(folder, `${NATIVE_HOST_NAME}.json`), JSON.stringify(manifest));
}
