/** A join from the command line: sends it, asks for a device when the service does, says how it went. */
import type { ApiClient } from "../api/client.ts";
import { el, type XmlElement } from "../xml/strict.ts";
import { askForDevice } from "./ask-device.ts";
import { type Input, printable } from "./command.ts";
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
  const command =
    dev === undefined ? el("ExternalJoin", attributes) : el("Join", attributes, [el("Use", { dev })]);
  const over = new AbortController();
  // A telephone number is asked about as the number plan reads it.
  const isOurs = (about: string) => about === id || (isTelephone(id) && isTelephone(about));
  const asked = askForDevice(client, isOurs, over.signal);
  try {
    return await Promise.race([asked, client.request(command)]);
  } finally {
    over.abort();
    asked.catch(() => undefined);
  }
}

function isTelephone(id: string): boolean {
  return /^tel:/i.test(id);
}
