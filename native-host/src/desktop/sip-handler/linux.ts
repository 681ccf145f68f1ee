/** sip: links on Linux and its kin: a desktop entry and the user's list of defaults (freedesktop.org). */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Changes } from "../changes.ts";
import { NO_CHANGES } from "../changes.ts";
import type { Schemes } from "./handler.ts";
import { defaultOf, withDefault, without } from "./mime-apps.ts";

export const ENTRY = "partyline.desktop";

export interface LinuxHome {
  /** $XDG_DATA_HOME */
  readonly dataHome: string;
  /** $XDG_CONFIG_HOME */
  readonly configHome: string;
}

export function entryPath({ dataHome }: LinuxHome): string {
  return join(dataHome, "applications", ENTRY);
}

/** The program that opens sip: links for this user now; undefined where his list does not say. */
export async function currentHandler(home: LinuxHome): Promise<string | undefined> {
  return defaultOf(await listOf(home), typeOf("sip"));
}

/** The entry, and us first in the user's list of defaults. */
export async function linuxHandler(home: LinuxHome, launcher: string, schemes: Schemes): Promise<Changes> {
  const types = schemes.map(typeOf);
  return {
    ...NO_CHANGES,
    files: [
      { path: entryPath(home), text: desktopEntry(launcher, types) },
      { path: listPath(home), text: withDefault(await listOf(home), ENTRY, types) },
    ],
    notices: noticesOf(home),
  };
}

/** What undoes it: the list as it was before us, the entry gone. */
export async function withoutLinuxHandler(home: LinuxHome): Promise<{
  readonly list: { readonly path: string; readonly text: string } | undefined;
  readonly gone: Changes;
}> {
  const before = await listOf(home);
  const after = without(before, ENTRY);
  const list = after === before ? undefined : { path: listPath(home), text: after };
  return { list, gone: { ...NO_CHANGES, ownPaths: [entryPath(home)], notices: noticesOf(home) } };
}

function noticesOf({ dataHome }: LinuxHome) {
  return [{ program: "update-desktop-database", args: [join(dataHome, "applications")] }];
}

function typeOf(scheme: string): string {
  return `x-scheme-handler/${scheme}`;
}

function listPath({ configHome }: LinuxHome): string {
  return join(configHome, "mimeapps.list");
}

function listOf(home: LinuxHome): Promise<string> {
  return readFile(listPath(home), "utf8").catch(() => "");
}

function desktopEntry(launcher: string, types: readonly string[]): string {
  return [
    "[Desktop Entry]",
    "Type=Application",
    "Name=Partyline",
    "Comment=Calls SIP addresses with the phone of your choice",
    `Exec=${execWord(launcher)} %u`,
    "Terminal=false",
    "NoDisplay=true",
    "StartupNotify=false",
    `MimeType=${types.join(";")};`,
    "",
  ].join("\n");
}

/**
 * One argument of Exec, quoted as its specification says, twice: as an argument, then as a string of the file. A plain
 * one stands as it is, for `xdg-open` without a desktop around it knows no quotes.
 */
export function execWord(word: string): string {
  if (/^[\w/.+@:-]+$/.test(word)) return word;
  const argument = word.replace(/(["`$\\])/g, "\\$1");
  return `"${argument.replaceAll("\\", "\\\\").replaceAll("%", "%%")}"`;
}
