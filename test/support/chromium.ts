/** The browser that is installed here, and how it is started for tests and the demo. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import puppeteer, { type Browser } from "puppeteer";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const PLACES = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Nobody watches a headless browser: animations would only take the time that is being measured. */
const STILL = ["--force-prefers-reduced-motion", "--mute-audio"];

export interface BrowserOptions {
  readonly profile: string;
  readonly headless: boolean;
  /** A WAV file instead of the microphone. */
  readonly microphone?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Throws when no Chromium is installed. */
export function chromiumPath(): string {
  const { PATH = "" } = process.env;
  const onPath = PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  const found = [...onPath, ...PLACES].find((file) => existsSync(file));
  if (found === undefined) throw new Error("no Chromium was found; `npm start` says how to install it");
  return found;
}

export function launchChromium(options: BrowserOptions): Promise<Browser> {
  return puppeteer.launch({
    executablePath: chromiumPath(),
    headless: options.headless,
    pipe: true,
    userDataDir: options.profile,
    enableExtensions: true,
    defaultViewport: options.headless ? { width: 1100, height: 800 } : null,
    env: { ...process.env, ...options.env },
    handleSIGINT: false,
    handleSIGTERM: false,
    args: [
      "--no-first-run",
      "--disable-background-networking",
      "--allow-loopback-in-peer-connection",
      ...(options.headless ? STILL : []),
      ...sandboxArguments(),
      ...microphoneArguments(options.microphone),
    ],
  });
}

/** Chromium refuses to run as root with its sandbox on. */
function sandboxArguments(): string[] {
  return process.getuid?.() === 0 ? ["--no-sandbox"] : [];
}

function microphoneArguments(file: string | undefined): string[] {
  if (file === undefined) return [];
  return [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    `--use-file-for-fake-audio-capture=${file}`,
  ];
}
