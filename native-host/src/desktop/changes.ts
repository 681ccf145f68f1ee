/** What an installation changes on a computer, as data: written on any system, applied on its own. */
import { execFile } from "node:child_process";
import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";

export interface FileChange {
  readonly path: string;
  readonly text: string;
}

/** A value below HKEY_CURRENT_USER; the key's own when it has no name. */
export interface RegistryChange {
  readonly key: string;
  readonly name?: string;
  readonly value: string;
}

/** A program that makes the system notice; one that is missing or fails is no harm. */
export interface Notice {
  readonly program: string;
  readonly args: readonly string[];
}

export interface Changes {
  readonly files: readonly FileChange[];
  readonly registry: readonly RegistryChange[];
  /** Keys of the registry that are ours as a whole, removed with all below them. */
  readonly ownKeys: readonly string[];
  /** Files and folders that are ours as a whole beside `files`, such as what a notice makes. */
  readonly ownPaths: readonly string[];
  readonly notices: readonly Notice[];
}

export const NO_CHANGES: Changes = { files: [], registry: [], ownKeys: [], ownPaths: [], notices: [] };

const run = promisify(execFile);
const NOTICE_WITHIN_MS = 15_000;

/** Throws as the file system or `reg` does. */
export async function apply({ files, registry, notices }: Changes): Promise<void> {
  for (const { path, text } of files) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  for (const change of registry) await run("reg", addArguments(change));
  await tell(notices);
}

/** Takes everything back; resolves with what there was. */
export async function takeBack({ files, ownPaths, ownKeys, notices }: Changes): Promise<readonly string[]> {
  const gone: string[] = [];
  for (const path of [...files.map((file) => file.path), ...ownPaths]) {
    if (await exists(path)) gone.push(path);
    await rm(path, { recursive: true, force: true });
  }
  for (const key of ownKeys) {
    const removed = await run("reg", ["delete", `HKCU\\${key}`, "/f"]).catch(() => undefined);
    if (removed) gone.push(`HKCU\\${key}`);
  }
  if (gone.length > 0) await tell(notices);
  return gone;
}

/** As `reg add` wants it: no shell, so that nothing in a path means anything. */
export function addArguments({ key, name, value }: RegistryChange): readonly string[] {
  const which = name === undefined ? ["/ve"] : ["/v", name];
  return ["add", `HKCU\\${key}`, ...which, "/t", "REG_SZ", "/d", value, "/f"];
}

async function tell(notices: readonly Notice[]): Promise<void> {
  for (const { program, args } of notices)
    await run(program, [...args], { timeout: NOTICE_WITHIN_MS }).catch(() => undefined);
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
