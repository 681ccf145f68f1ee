/** Tells browsers where the native host is: a small JSON file in a directory of each. */
import { join } from "node:path";
import { CHROMIUM_EXTENSION_ID, FIREFOX_EXTENSION_ID, NATIVE_HOST_NAME } from "../extension-id.ts";
import { type Changes, exists, NO_CHANGES } from "./changes.ts";

export type BrowserName = "chromium" | "chrome" | "edge" | "brave" | "vivaldi" | "firefox";

/** Where a browser keeps its profiles. */
interface Place {
  readonly linux: string;
  readonly darwin: string;
  /** Below %LOCALAPPDATA%, Firefox below %APPDATA%. */
  readonly win32: string;
}

const HOSTS = "NativeMessagingHosts";
/** Below ~/.config on Linux (Firefox: ~) and ~/Library/Application Support on macOS. */
const PLACES: Readonly<Record<BrowserName, Place>> = {
  chromium: { linux: "chromium", darwin: "Chromium", win32: "Chromium" },
  chrome: { linux: "google-chrome", darwin: "Google/Chrome", win32: "Google/Chrome" },
  edge: { linux: "microsoft-edge", darwin: "Microsoft Edge", win32: "Microsoft/Edge" },
  brave: {
    linux: "BraveSoftware/Brave-Browser",
    darwin: "BraveSoftware/Brave-Browser",
    win32: "BraveSoftware/Brave-Browser",
  },
  vivaldi: { linux: "vivaldi", darwin: "Vivaldi", win32: "Vivaldi" },
  firefox: { linux: ".mozilla", darwin: "Mozilla", win32: "Mozilla/Firefox" },
};

/** Where Windows keeps what a browser is told, below HKEY_CURRENT_USER. */
const KEYS: Readonly<Record<BrowserName, string>> = {
  chromium: "Software\\Chromium",
  chrome: "Software\\Google\\Chrome",
  edge: "Software\\Microsoft\\Edge",
  brave: "Software\\BraveSoftware\\Brave-Browser",
  vivaldi: "Software\\Vivaldi",
  firefox: "Software\\Mozilla",
};

// The keys of a const record are its key type.
export const browserNames = Object.keys(PLACES) as readonly BrowserName[];

/** One manifest to write, look at or remove. */
export interface Target {
  readonly path: string;
  readonly browser: BrowserName;
  readonly words: string;
}

export interface Home {
  readonly home: string;
  readonly configHome: string;
  /** Our own directory. */
  readonly dataDir: string;
  readonly platform: string;
}

/** Where one browser keeps its profiles, whether it is installed or not. */
export function profilesOf(browser: BrowserName, { home, configHome, platform }: Home): string {
  const { linux, darwin, win32 } = PLACES[browser];
  if (platform === "win32") return join(home, "AppData", browser === "firefox" ? "Roaming" : "Local", win32);
  if (platform === "darwin") return join(home, "Library", "Application Support", darwin);
  return browser === "firefox" ? join(home, linux) : join(configHome, linux);
}

/** The browsers that have run for this user. */
export async function browsersFound(where: Home): Promise<BrowserName[]> {
  const there = await Promise.all(browserNames.map((browser) => exists(profilesOf(browser, where))));
  return browserNames.filter((_browser, index) => there[index]);
}

/** The manifest's path for a browser's default profiles. */
export function manifestPath(browser: BrowserName, where: Home): string {
  // Windows finds it by the registry, wherever it is.
  if (where.platform === "win32") return join(where.dataDir, browser, `${NATIVE_HOST_NAME}.json`);
  // Only Firefox, and only outside macOS, spells it another way.
  const directory = browser === "firefox" && where.platform !== "darwin" ? "native-messaging-hosts" : HOSTS;
  return join(profilesOf(browser, where), directory, `${NATIVE_HOST_NAME}.json`);
}

/** The manifest's path for a Chromium profile directory of its own (`--user-data-dir`). */
export function profileManifestPath(userDataDir: string): string {
  return join(userDataDir, HOSTS, `${NATIVE_HOST_NAME}.json`);
}

/** What tells one browser where the native host is: its manifest, on Windows also the key that names it. */
export function manifestChanges(
  path: string,
  launcher: string,
  browser: BrowserName,
  platform: string,
): Changes {
  const manifest = {
    name: NATIVE_HOST_NAME,
    description: "Partyline: SIP calls for web pages",
    path: launcher,
    type: "stdio",
    ...(browser === "firefox"
      ? { allowed_extensions: [FIREFOX_EXTENSION_ID] }
      : { allowed_origins: [`chrome-extension://${CHROMIUM_EXTENSION_ID}/`] }),
  };
  const files = [{ path, text: `${JSON.stringify(manifest, undefined, 2)}\n` }];
  if (platform !== "win32") return { ...NO_CHANGES, files };
  const key = `${KEYS[browser]}\\NativeMessagingHosts\\${NATIVE_HOST_NAME}`;
  return { ...NO_CHANGES, files, registry: [{ key, value: path }], ownKeys: [key] };
}
