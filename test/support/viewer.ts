/** Somebody with a Chromium of their own, our extension in it, and a tone for a voice. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Extension, Page, WebWorker } from "puppeteer";
import { launchChromium } from "./chromium.ts";
import { EXTENSION } from "./extension-build.ts";
import { extensionWorker, killExtensionWorker } from "./extension-worker.ts";
import { Popup } from "./popup.ts";
import { runToEnd } from "./processes.ts";
import { RtpRecording } from "./rtp-recording.ts";
import { ROOT } from "./servers.ts";
import { writeToneWav } from "./wav.ts";

/** Chromium plays its microphone's file in a loop. */
const MICROPHONE_SECONDS = 10;

export interface ViewerOptions {
  readonly name: string;
  /** What the microphone says; without it the machine's own microphone is used. */
  readonly hz?: number;
  /** Names the folders of the SIP service to the native host, see folderEnvironment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly headless?: boolean;
}

/** A frame as the extension's diagnosis tells it (extension/offscreen/frame-log.ts); times in ms since 1970. */
interface Frame {
  readonly atMs: number;
  readonly sequence: number | undefined;
  readonly timestamp: number;
  readonly ssrc: number | undefined;
  readonly payloadType: number | undefined;
  readonly payload: readonly number[];
}

export class Viewer {
  readonly name: string;
  readonly browser: Browser;
  readonly page: Page;
  readonly popup: Popup;
  readonly #extension: Extension;
  readonly #profile: string;

  private constructor(parts: {
    name: string;
    browser: Browser;
    page: Page;
    extension: Extension;
    profile: string;
  }) {
    this.name = parts.name;
    this.browser = parts.browser;
    this.page = parts.page;
    this.#extension = parts.extension;
    this.#profile = parts.profile;
    this.popup = new Popup(parts.browser, parts.page, parts.extension);
  }

  static async start(options: ViewerOptions): Promise<Viewer> {
    const profile = await mkdtemp(join(tmpdir(), `partyline-browser-${options.name}-`));
    await installNativeHost(profile, options.environment);
    const microphone = join(profile, "microphone.wav");
    if (options.hz !== undefined) await writeToneWav(microphone, options.hz, MICROPHONE_SECONDS);
    const browser = await launchChromium({
      profile,
      headless: options.headless ?? true,
      env: { ...options.environment, HOME: profile },
      ...(options.hz !== undefined && { microphone }),
    });
    const id = await browser.installExtension(EXTENSION);
    const extension = (await browser.extensions()).get(id);
    if (!extension) throw new Error(`the extension ${id} was not installed`);
    if (options.hz !== undefined) {
      await browser.defaultBrowserContext().overridePermissions(`chrome-extension://${id}`, ["microphone"]);
    }
    const [page = await browser.newPage()] = await browser.pages();
    const viewer = new Viewer({ name: options.name, browser, page, extension, profile });
    if (options.hz !== undefined) await viewer.#recordFrames();
    return viewer;
  }

  async open(url: string): Promise<void> {
    await this.page.goto(url, { waitUntil: "domcontentloaded" });
  }

  /** The frames that came to this browser's phone at or after a moment of performance.now(), as a recording. */
  async heardSince(since: number): Promise<RtpRecording> {
    const frames = await this.#frames(since + performance.timeOrigin);
    const recording = new RtpRecording();
    for (const frame of frames) recording.packets.push(packetOf(frame));
    return recording;
  }

  worker(): Promise<WebWorker> {
    return extensionWorker(this.browser);
  }

  killWorker(): Promise<void> {
    return killExtensionWorker(this.browser);
  }

  async close(): Promise<void> {
    await this.browser.close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  async #recordFrames(): Promise<void> {
    await (await this.worker()).evaluate("chrome.storage.local.set({ diagnosis: true })");
  }

  async #frames(sinceMs: number): Promise<readonly Frame[]> {
    const target = this.browser
      .targets()
      .find(
        (candidate) =>
          candidate.url() === `chrome-extension://${this.#extension.id}/extension/offscreen/index.html`,
      );
    if (!target) return [];
    const document = await target.asPage();
    return (await document.evaluate(`partylineDiagnosis.frames(${sinceMs})`)) as Frame[];
  }
}

function packetOf(frame: Frame) {
  const payload = Uint8Array.from(frame.payload);
  const header = {
    payloadType: frame.payloadType ?? 0,
    marker: false,
    sequence: frame.sequence ?? 0,
    timestamp: frame.timestamp,
    ssrc: frame.ssrc ?? 0,
    payloadStart: 0,
    payloadEnd: payload.length,
  };
  const at = frame.atMs - performance.timeOrigin;
  return { at, from: { address: "", port: 0 }, header, payload };
}

/** By `partyline install`, as a user does it. */
async function installNativeHost(
  profile: string,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(profile, { recursive: true });
  const { code, lines } = await runToEnd(process.execPath, {
    name: "partyline install",
    args: [join(ROOT, "native-host", "bin", "partyline.mjs"), "install", "--user-data-dir", profile],
    env: { ...environment },
  });
  if (code !== 0) throw new Error(`partyline install failed:\n${lines.join("\n")}`);
  await writeFile(join(profile, "First Run"), "");
}
