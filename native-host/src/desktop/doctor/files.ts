/** The service's own folders and settings. */
import { access, constants, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { loadConfig } from "../../config.ts";
import { readableByOthers } from "../../config-account.ts";
import { ConfigError } from "../../config-section.ts";
import { socketPath } from "../../environment.ts";
import { broken, type Finding, ok, warning } from "./finding.ts";

const LEAST_NODE = 24;

export function checkNode(version = process.versions.node): Finding {
  const what = "Node";
  if (Number(version.split(".")[0]) >= LEAST_NODE) return ok(what, `${version} runs this.`);
  return broken(what, `${version} is older than ${LEAST_NODE}.`, "run: node scripts/setup.mjs");
}

export async function checkConfig(file: string): Promise<Finding> {
  const what = "configuration";
  try {
    const config = await loadConfig(file);
    const [open] = await readableByOthers(config.accounts ?? [], file);
    if (open !== undefined)
      return warning(what, `${open} has a password in it and others can read it.`, `run: chmod 600 ${open}`);
    return ok(
      what,
      (await isThere(file)) ? `${file} can be read.` : `There is no ${file}; all is as delivered.`,
    );
  } catch (mistake) {
    const words = mistake instanceof ConfigError ? mistake.message : `${file} cannot be read.`;
    return broken(what, words, `correct it; docs/devices.md says what may stand there`);
  }
}

export async function checkRuntimeDir(directory: string): Promise<Finding> {
  const what = "API socket";
  const found = await stat(directory).catch(() => undefined);
  if (!found) return ok(what, `${directory} is made when the service starts.`);
  if (!found.isDirectory())
    return broken(what, `${directory} is not a directory.`, `remove it, or name another by --runtime-dir`);
  const owner = process.getuid?.();
  if (owner !== undefined && found.uid !== owner)
    return broken(what, `${directory} belongs to somebody else.`, "name another by --runtime-dir");
  if (process.platform !== "win32" && (found.mode & 0o077) !== 0)
    return broken(what, `${directory} is open to others.`, `run: chmod 700 ${directory}`);
  return ok(what, `${socketPath(directory)} is for you alone.`);
}

export async function checkDataDir(directory: string): Promise<Finding> {
  const what = "data";
  const found = await stat(directory).catch(() => undefined);
  if (!found) return ok(what, `${directory} is made when it is needed.`);
  if (!found.isDirectory()) return broken(what, `${directory} is not a directory.`, "remove it");
  const writable = await access(directory, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!writable)
    return broken(
      what,
      `Nothing can be written into ${directory}; choices are forgotten.`,
      `run: chmod u+rwx ${directory}`,
    );
  const choices = join(directory, "choices.json");
  const text = await readFile(choices, "utf8").catch(() => "{}");
  if (isJson(text)) return ok(what, `Choices are kept in ${directory}.`);
  return broken(
    what,
    `${choices} is not JSON; your choices are not known.`,
    `remove it; you will be asked again`,
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function isThere(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}
