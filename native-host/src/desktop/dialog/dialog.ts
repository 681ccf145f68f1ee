/** The question "with which phone?" on the desktop, where no browser asks it (mission S4). */
import type { Remember } from "../../api/call-control.ts";

export interface DialogQuestion {
  /** Whom to call; a peer's or a page's text. */
  readonly target: string;
  /** The site that asks. */
  readonly site: string | undefined;
  /** The first one is suggested. */
  readonly devices: readonly { readonly dev: string; readonly name: string }[];
}

export interface DialogChoice {
  readonly dev: string;
  readonly remember: Remember;
}

/** One way to ask; resolves with undefined when the user declines. Throws when it cannot be shown. */
export type Dialog = (question: DialogQuestion, signal: AbortSignal) => Promise<DialogChoice | undefined>;

export interface Row {
  /** What the program gives back: no text of anybody's. */
  readonly key: string;
  readonly label: string;
  readonly choice: DialogChoice;
}

const LONGEST_LABEL = 120;

/** One row for each answer: each device for this time, then each from now on. */
export function rowsOf({ site, devices }: DialogQuestion): readonly Row[] {
  const remember: Remember = site === undefined ? "always" : "origin";
  const later = site === undefined ? "always" : `always for ${hostOf(site)}`;
  const once = devices.map(({ dev, name }) => ({ label: name, choice: { dev, remember: "no" as Remember } }));
  const always = devices.map(({ dev, name }) => ({ label: `${name}, ${later}`, choice: { dev, remember } }));
  const all = devices.length > 1 ? [...once, ...always] : once;
  return all.map(({ label, choice }, at) => ({ key: String(at + 1), label: plain(label), choice }));
}

export function sentenceOf({ target, site }: DialogQuestion): string {
  const who = plain(target);
  return site === undefined
    ? `Call ${who} with which phone?`
    : `${hostOf(site)} wants to call ${who}. With which phone?`;
}

export function chosen(rows: readonly Row[], key: string): DialogChoice | undefined {
  return rows.find((row) => row.key === key.trim())?.choice;
}

/** Why a dialog was not shown: how the program for it ended. */
export function notShown(program: string, code: number | undefined): Error {
  return new Error(`${program} ended with ${code ?? "a signal"}`);
}

/** One line, of what a label holds. */
export function plain(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}]+/gu, " ").trim();
  return line.length > LONGEST_LABEL ? `${line.slice(0, LONGEST_LABEL - 1)}…` : line;
}

function hostOf(site: string): string {
  return plain(URL.canParse(site) ? new URL(site).host : site);
}
