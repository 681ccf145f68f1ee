/** Whether each browser finds the native host, and may start it. */
import { access, constants, readFile } from "node:fs/promises";
import { CHROMIUM_EXTENSION_ID, FIREFOX_EXTENSION_ID, NATIVE_HOST_NAME } from "../../extension-id.ts";
import type { BrowserName, Target } from "../browser-manifests.ts";
import { exists } from "../changes.ts";
import { launcherProgram } from "../launchers.ts";
import { broken, type Finding, ok, warning } from "./finding.ts";

const AGAIN = "run: partyline install";

export async function checkBrowser({ path, browser, words }: Target): Promise<Finding> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined)
    return warning(
      words,
      "It does not know the SIP service; the extension will say that it finds no host.",
      `${AGAIN} --browser ${browser}`,
    );
  const manifest = readManifest(text);
  if (manifest === undefined) return broken(words, `${path} is no manifest.`, AGAIN);
  const wrong = wrongOf(manifest, browser);
  if (wrong !== undefined) return broken(words, `${path} ${wrong}.`, AGAIN);
  const trouble = await launcherTrouble(String(manifest["path"]));
  return trouble === undefined ? ok(words, "It can start the SIP service.") : broken(words, trouble, AGAIN);
}

/** Why the launcher cannot start what it names, in a sentence. */
export async function launcherTrouble(launcher: string): Promise<string | undefined> {
  if (!(await exists(launcher))) return `${launcher} is not there.`;
  const mayRun = await access(launcher, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!mayRun) return `${launcher} may not be run.`;
  for (const file of launcherProgram(await readFile(launcher, "utf8")))
    if (!(await exists(file))) return `${launcher} starts ${file}, which is not there.`;
  return undefined;
}

function readManifest(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function wrongOf(manifest: Readonly<Record<string, unknown>>, browser: BrowserName): string | undefined {
  if (manifest["name"] !== NATIVE_HOST_NAME) return `is not for ${NATIVE_HOST_NAME}`;
  // A browser takes an empty one for no host at all.
  if (!manifest["description"]) return "has no description";
  if (manifest["type"] !== "stdio") return 'is not of type "stdio"';
  if (typeof manifest["path"] !== "string") return "names no program";
  const firefox = browser === "firefox";
  const allowed = manifest[firefox ? "allowed_extensions" : "allowed_origins"];
  const own = firefox ? FIREFOX_EXTENSION_ID : `chrome-extension://${CHROMIUM_EXTENSION_ID}/`;
  return Array.isArray(allowed) && allowed.includes(own) ? undefined : "does not allow our extension";
}
