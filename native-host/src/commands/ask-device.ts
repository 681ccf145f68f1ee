/** "With which phone?" for a command that joins: asked at the terminal, or by a dialog where a link was opened. */
import { createInterface } from "node:readline/promises";
import type { ApiClient } from "../api/client.ts";
import { dialogOf } from "../desktop/dialog/choose-dialog.ts";
import { type Dialog, type DialogChoice, plain } from "../desktop/dialog/dialog.ts";
import { thisDesktop } from "../desktop/this-desktop.ts";
import { withoutSecrets } from "../secrets.ts";
import { el, type XmlElement } from "../xml/strict.ts";
import { CommandError, print, printable } from "./command.ts";

export interface Question {
  /** Whether a question about this address is the command's. */
  readonly isOurs: (id: string) => boolean;
  /** The device is known: what is asked is whether to call at all. */
  readonly confirms: boolean;
  /** What names a device without a question; `--dev` of the same command unless given. */
  readonly deviceBy?: string;
}

/** Sends a command about which the user may be asked. Rejects as the request does, and when nobody can be asked. */
export async function requestAsking(
  client: ApiClient,
  command: XmlElement,
  question: Question,
): Promise<XmlElement> {
  const over = new AbortController();
  const asked = ask(client, question, over.signal);
  try {
    return await Promise.race([asked, client.request(command)]);
  } finally {
    over.abort();
    asked.catch(() => undefined);
  }
}

/** Whether a question about the one is about the other: numbers are asked about as the number plan reads them. */
export function isAbout(id: string): (about: string) => boolean {
  return (about) => about === withoutSecrets(id) || (isTelephone(id) && isTelephone(about));
}

function isTelephone(id: string): boolean {
  return /^tel:/i.test(id);
}

async function ask(client: ApiClient, question: Question, signal: AbortSignal): Promise<never> {
  const { isOurs } = question;
  const { promise, reject } = Promise.withResolvers<never>();
  const open = new Map<string | undefined, AbortController>();
  client.onDocument = (document) => {
    const prompt = child(document, "Prompt");
    if (prompt && isOurs(prompt.attributes["id"] ?? "")) {
      const over = new AbortController();
      open.set(prompt.attributes["prompt"], over);
      choose({ client, prompt, question, reject }, AbortSignal.any([signal, over.signal])).catch(reject);
    }
    open.get(child(document, "PromptOver")?.attributes["prompt"])?.abort();
  };
  await client.request(el("Subscribe", { to: "prompts" }));
  return promise;
}

interface Answer {
  readonly dev: string;
  readonly remember?: DialogChoice["remember"];
}

interface Asked {
  readonly client: ApiClient;
  readonly prompt: XmlElement;
  readonly question: Question;
  reject(why: Error): void;
}

async function choose(asked: Asked, signal: AbortSignal): Promise<void> {
  const { prompt } = asked;
  const atTerminal = Boolean(process.stdin.isTTY);
  const dialog = atTerminal ? undefined : dialogOf(thisDesktop());
  if (!atTerminal && !dialog) return giveUp(asked);
  if (!atTerminal && browserAsks(prompt)) return;
  let choice: Answer | undefined;
  try {
    choice = await answerTo(prompt, dialog, signal);
  } catch (cause) {
    if (!dialog) throw cause;
    return giveUp(asked, `The question for a phone could not be shown: ${(cause as Error).message}. `);
  }
  if (!signal.aborted) await tell(asked, choice);
}

/** Tells the service the device, or that nobody wants one. */
async function tell({ client, prompt }: Asked, choice: Answer | undefined): Promise<void> {
  const said = choice ? { dev: choice.dev, remember: choice.remember } : { cancel: true };
  await client.request(el("Choose", { prompt: prompt.attributes["prompt"], ...said }));
}

/** Says what to do instead, before the service can say that the command was cancelled. */
async function giveUp(asked: Asked, why = ""): Promise<void> {
  asked.reject(new CommandError(printable(`${why}${nobodyToAsk(asked.prompt, asked.question)}`)));
  await tell(asked, undefined);
}

/** By the dialog, or at the terminal where there is none; undefined when nobody wants a device, or `signal` is aborted. */
async function answerTo(
  prompt: XmlElement,
  dialog: Dialog | undefined,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  if (dialog) return askByDialog(dialog, prompt, signal);
  const dev = await askAtTerminal(prompt, signal);
  return dev ? { dev } : undefined;
}

function nobodyToAsk(prompt: XmlElement, { confirms, deviceBy = "--dev" }: Question): string {
  const { attributes, children } = prompt;
  if (confirms) return `${attributes["id"]} needs your yes: say it at a terminal, or in the browser.`;
  return `Say which device with ${deviceBy}: ${children.map(({ attributes: { dev } }) => dev).join(", ")}.`;
}

/** A browser that is a phone is open, and shows the question itself. */
function browserAsks(prompt: XmlElement): boolean {
  return prompt.children.some(({ attributes }) => attributes["kind"] === "web");
}

async function askByDialog(
  dialog: Dialog,
  prompt: XmlElement,
  signal: AbortSignal,
): Promise<DialogChoice | undefined> {
  const { id = "", origin } = prompt.attributes;
  const offered = prompt.children.filter(({ attributes }) => attributes["state"] !== "offline");
  const isDefault = ({ attributes }: XmlElement) => attributes["default"] === "true";
  const devices = offered
    .toSorted((a, b) => Number(isDefault(b)) - Number(isDefault(a)))
    .map(({ attributes: { dev = "", name = dev } }) => ({ dev, name }));
  try {
    return await dialog({ target: id, site: origin, devices }, signal);
  } catch (cause) {
    if (signal.aborted) return undefined;
    throw cause;
  }
}

/** Undefined when somebody else answered first. */
async function askAtTerminal(prompt: XmlElement, signal: AbortSignal): Promise<string | undefined> {
  print(printable(`${prompt.attributes["id"]} is called with one of these, or with none:`));
  for (const { attributes } of prompt.children)
    print(printable(`  ${attributes["dev"]}  ${plain(attributes["name"] ?? "")}`));
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await terminal.question("Which device? ", { signal })).trim();
  } catch (cause) {
    if (signal.aborted) return undefined;
    throw cause;
  } finally {
    terminal.close();
  }
}

function child(document: XmlElement, name: string): XmlElement | undefined {
  return document.children.find((one) => one.name === name);
}
