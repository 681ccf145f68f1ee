/** Small programs that name this Node and this checkout absolutely: what a browser or a desktop starts has another PATH than the user. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** `bridge` is what a browser starts; `open` is what the system runs for a link, and `service` at log-in. */
export type LauncherKind = "bridge" | "open" | "service";

const PROGRAMS: Readonly<Record<LauncherKind, readonly string[]>> = {
  bridge: [fileURLToPath(new URL("../bridge.ts", import.meta.url))],
  open: [fileURLToPath(new URL("../../bin/partyline.mjs", import.meta.url)), "open"],
  service: [fileURLToPath(new URL("../../bin/daemon.mjs", import.meta.url))],
};

/** The name of the file, in the directory of what outlives a restart. */
export function launcherName(kind: LauncherKind, platform: string): string {
  const name = { bridge: "partyline-host", open: "partyline-open", service: "partyline-service" }[kind];
  return `${name}.${platform === "win32" ? "cmd" : "sh"}`;
}

/** The text of a launcher; `environment` is what the service was installed with. */
export function launcherText(
  kind: LauncherKind,
  environment: Readonly<Record<string, string>>,
  platform: string,
): string {
  const words = [process.execPath, ...PROGRAMS[kind]];
  return platform === "win32" ? batch(words, environment) : shell(words, environment);
}

/** The files that a launcher of ours starts: Node, and the program. */
export function launcherProgram(text: string): readonly string[] {
  const line = text.split(/\r?\n/).find((one) => /^(exec |")/.test(one)) ?? "";
  const words = [...line.matchAll(/'((?:[^']|'\\'')*)'|"([^"$]*)"/g)];
  const named = words.map(([, single, double = ""]) => single?.replaceAll(String.raw`'\''`, "'") ?? double);
  return named.slice(0, 2);
}

/** Writes one; only its owner may change it. */
export async function writeLauncher(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await chmod(path, 0o755);
}

function shell(words: readonly string[], environment: Readonly<Record<string, string>>): string {
  const settings = Object.entries(environment).map(([name, value]) => `export ${name}=${quoted(value)}\n`);
  return `#!/bin/sh\n${settings.join("")}exec ${words.map(quoted).join(" ")} "$@"\n`;
}

/** One word for a POSIX shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** A per cent sign is doubled in a batch file; a quote cannot be part of a path on Windows. */
function batch(words: readonly string[], environment: Readonly<Record<string, string>>): string {
  const plain = (text: string) => text.replaceAll("%", "%%").replaceAll('"', "");
  const settings = Object.entries(environment).map(([name, value]) => `set "${name}=${plain(value)}"\r\n`);
  const command = words.map((word) => `"${plain(word)}"`).join(" ");
  return `@echo off\r\n${settings.join("")}${command} %*\r\n`;
}
