/** A real Chromium with the extension in it, and a native host that is a pipe to the test. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import puppeteer, { type Browser, type Page, type WebWorker } from "puppeteer";
import { build } from "vite";
import { CHROMIUM_EXTENSION_ID, NATIVE_HOST_NAME } from "../../native-host/src/extension-id.ts";
import { chromiumPath } from "./chromium.ts";
import { extensionWorker, killExtensionWorker } from "./extension-worker.ts";

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

  worker(): Promise<WebWorker> {
    return extensionWorker(this.browser);
  }

  killWorker(): Promise<void> {
    return killExtensionWorker(this.browser);
  }

  async allowMicrophone(): Promise<void> {
    const origin = `chrome-extension://${CHROMIUM_EXTENSION_ID}`;
    await this.browser.defaultBrowserContext().overridePermissions(origin, ["microphone"]);
  }

  /** Has the offscreen document log the frames it receives. */
  async diagnose(): Promise<void> {
    await (await this.worker()).evaluate("chrome.storage.local.set({ diagnosis: true })");
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
