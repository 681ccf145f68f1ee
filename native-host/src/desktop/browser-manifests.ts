/** Tells browsers where the native host is: a small JSON file in a directory of each. */
import { chmod, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CHROMIUM_EXTENSION_ID, FIREFOX_EXTENSION_ID, NATIVE_HOST_NAME } from "./extension-id.ts";

export type BrowserName = "chromium" | "chrome" | "edge" | "brave" | "vivaldi" | "firefox";

/** Where a browser keeps its profiles. */
interface Place {
  readonly linux: string;
  readonly darwin: string;
}

const HOSTS = "NativeMessagingHosts";
/** Below ~/.config on Linux (Firefox: ~) and ~/Library/Application Support on macOS. */
const PLACES: Readonly<Record<BrowserName, Place>> = {
  chromium: { linux: "chromium", darwin: "Chromium" },
  chrome: { linux: "google-chrome", darwin: "Google/Chrome" },
  edge: { linux: "microsoft-edge", darwin: "Microsoft Edge" },
  brave: { linux: "BraveSoftware/Brave-Browser", darwin: "BraveSoftware/Brave-Browser" },
  vivaldi: { linux: "vivaldi", darwin: "Vivaldi" },
  firefox: { linux: ".mozilla", darwin: "Mozilla" },
};

// The keys of a const record are its key type.
export const browserNames = Object.keys(PLACES) as readonly BrowserName[];

export interface Home {
  readonly home: string;
  readonly configHome: string;
  readonly platform: string;
}

/** Where one browser keeps its profiles, whether it is installed or not. */
export function profilesOf(browser: BrowserName, { home, configHome, platform }: Home): string {
  const { linux, darwin } = PLACES[browser];
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
  // Only Firefox, and only outside macOS, spells it another way.
  const directory = browser === "firefox" && where.platform !== "darwin" ? "native-messaging-hosts" : HOSTS;
  return join(profilesOf(browser, where), directory, `${NATIVE_HOST_NAME}.json`);
}

/** The manifest's path for a Chromium profile directory of its own (`--user-data-dir`). */
export function profileManifestPath(userDataDir: string): string {
  return join(userDataDir, HOSTS, `${NATIVE_HOST_NAME}.json`);
}

/** Writes one manifest that names the launcher. */
export async function writeManifest(path: string, launcher: string, firefox: boolean): Promise<void> {
  const manifest = {
    name: NATIVE_HOST_NAME,
    description: "Partyline: SIP calls for web pages",
    path: launcher,
    type: "stdio",
    ...(firefox
      ? { allowed_extensions: [FIREFOX_EXTENSION_ID] }
      : { allowed_origins: [`chrome-extension://${CHROMIUM_EXTENSION_ID}/`] }),
  };
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** Removes a manifest; returns whether there was one. */
export async function removeManifest(path: string): Promise<boolean> {
  const there = await exists(path);
  await rm(path, { force: true });
  return there;
}

/**
 * Writes the program a browser starts: it names this Node and this checkout absolutely, for a browser's PATH is not the
 * user's, and carries the directories the service was installed with.
 */
export async function writeLauncher(
  path: string,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const bridge = fileURLToPath(new URL("../bridge.ts", import.meta.url));
  const settings = Object.entries(environment).map(([name, value]) => `export ${name}=${quoted(value)}\n`);
  const script = `#!/bin/sh\n${settings.join("")}exec ${quoted(process.execPath)} ${quoted(bridge)} "$@"\n`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, script);
  await chmod(path, 0o755);
}

/** One word for a POSIX shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
