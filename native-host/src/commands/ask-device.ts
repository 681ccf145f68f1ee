/** "With which phone?" for a command that joins: asked at the terminal, or by a dialog where a link was opened. */
import { createInterface } from "node:readline/promises";
import type { ApiClient } from "../api/client.ts";
import { dialogOf } from "../desktop/dialog/choose-dialog.ts";
import { type Dialog, type DialogChoice, plain } from "../desktop/dialog/dialog.ts";
import { thisDesktop } from "../desktop/this-desktop.ts";
import { el, type XmlElement } from "../xml/strict.ts";
import { CommandError, print, printable } from "./command.ts";

/**
 * Answers the question for an address that `isOurs` when it comes; the promise rejects when nobody can be asked. Aborting
 * withdraws it.
 */
export async function askForDevice(
  client: ApiClient,
  isOurs: (id: string) => boolean,
  signal: AbortSignal,
): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const answered = new AbortController();
  client.onDocument = (document) => {
    const prompt = child(document, "Prompt");
    const over = AbortSignal.any([signal, answered.signal]);
    if (prompt && isOurs(prompt.attributes["id"] ?? "")) choose(client, prompt, over).catch(reject);
    const call = child(document, "Call")?.attributes;
    if (call && isOurs(call["id"] ?? "") && call["state"] !== "choosing") answered.abort();
  };
  await client.request(el("Subscribe", { to: "calls" }));
  await client.request(el("Subscribe", { to: "prompts" }));
  return promise;
}

async function choose(client: ApiClient, prompt: XmlElement, signal: AbortSignal): Promise<void> {
  const handle = prompt.attributes["prompt"];
  const dialog = dialogOf(thisDesktop());
  if (process.stdin.isTTY) {
    const dev = await askAtTerminal(prompt);
    await client.request(el("Choose", { prompt: handle, ...(dev === "" ? { cancel: true } : { dev }) }));
  } else if (!dialog) {
    await client.request(el("Choose", { prompt: handle, cancel: true }));
    const devices = prompt.children.map(({ attributes }) => attributes["dev"] ?? "");
    throw new CommandError(`Say which device with --dev: ${printable(devices.join(", "))}.`);
  } else if (!browserAsks(prompt)) {
    const choice = await askByDialog(dialog, prompt, signal);
    if (signal.aborted) return;
    const { dev, remember } = choice ?? {};
    await client.request(
      el("Choose", { prompt: handle, ...(dev === undefined ? { cancel: true } : { dev, remember }) }),
    );
  }
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

async function askAtTerminal(prompt: XmlElement): Promise<string> {
  print(printable(`${prompt.attributes["id"]} is called with one of these, or with none:`));
  for (const { attributes } of prompt.children)
    print(printable(`  ${attributes["dev"]}  ${plain(attributes["name"] ?? "")}`));
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const dev = (await terminal.question("Which device? ")).trim();
  terminal.close();
  return dev;
}

function child(document: XmlElement, name: string): XmlElement | undefined {
  return document.children.find((one) => one.name === name);
}
