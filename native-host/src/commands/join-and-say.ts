/** A join from the command line: sends it, asks on the terminal when the service asks for a device, says how it went. */
import { createInterface } from "node:readline/promises";
import type { ApiClient } from "../api/client.ts";
import { el, type XmlElement } from "../xml/strict.ts";
import { CommandError, type Input, print, printable } from "./command.ts";
import { answer, withService } from "./talk.ts";

/** Joins the conference or person named by the first word; `start` starts the service if nobody answers. */
export async function joinAndSay(input: Input, start: boolean): Promise<number> {
  const [target = ""] = input.words;
  const result = await withService(input, (client) => join(client, input, target), start);
  const { conf, call = "" } = result.attributes;
  answer(input, result, `In ${printable(conf ?? target)} (call ${call}).`);
  return 0;
}

async function join(client: ApiClient, input: Input, id: string): Promise<XmlElement> {
  const attributes = { id, muted: input.flag("muted") || undefined, display: input.text("display") };
  const dev = input.text("dev");
  if (dev !== undefined) return client.request(el("Join", attributes, [el("Use", { dev })]));
  const { promise, reject } = Promise.withResolvers<never>();
  client.onDocument = (document) => {
    const prompt = document.children.find(({ name }) => name === "Prompt");
    if (prompt?.attributes["id"] === id) choose(client, prompt).catch(reject);
  };
  await client.request(el("Subscribe", { to: "prompts" }));
  return Promise.race([promise, client.request(el("ExternalJoin", attributes))]);
}

/** Asks the person at the terminal; without one, gives up and says how to name the device. */
async function choose(client: ApiClient, prompt: XmlElement): Promise<void> {
  const handle = prompt.attributes["prompt"];
  const devices = prompt.children.map(({ attributes }) => attributes["dev"] ?? "");
  if (!process.stdin.isTTY) {
    await client.request(el("Choose", { prompt: handle, cancel: true }));
    throw new CommandError(`Say which device with --dev: ${printable(devices.join(", "))}.`);
  }
  for (const { attributes } of prompt.children)
    print(printable(`  ${attributes["dev"]}  ${attributes["name"] ?? ""}`));
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const dev = (await terminal.question("Which device? ")).trim();
  terminal.close();
  await client.request(el("Choose", { prompt: handle, ...(dev === "" ? { cancel: true } : { dev }) }));
}
