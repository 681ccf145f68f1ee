/** A join from the command line: sends it, asks for a device when the service does, says how it went. */
import type { ApiClient } from "../api/client.ts";
import { withoutSecrets } from "../secrets.ts";
import { el, type XmlElement } from "../xml/strict.ts";
import { isAbout, requestAsking } from "./ask-device.ts";
import { type Input, printable } from "./command.ts";
import { answer, LONG_MS, withService } from "./talk.ts";

/** Joins the conference or person named by the first word; for a link starts the service if nobody answers. */
export async function joinAndSay(input: Input, isLink: boolean): Promise<number> {
  const [target = ""] = input.words;
  const deviceBy = isLink ? `partyline join ${withoutSecrets(target)} --dev` : "--dev";
  const result = await withService(input, (client) => join(client, input, deviceBy), isLink);
  const { conf, call = "" } = result.attributes;
  answer(input, result, `In ${printable(withoutSecrets(conf ?? target))} (call ${call}).`);
  return 0;
}

async function join(client: ApiClient, input: Input, deviceBy: string): Promise<XmlElement> {
  const [id = ""] = input.words;
  const attributes = { id, muted: input.flag("muted") || undefined, display: input.text("display") };
  const dev = input.text("dev");
  const command =
    dev === undefined
      ? el("ExternalJoin", attributes)
      : el("Join", { ...attributes, timeout: LONG_MS }, [el("Use", { dev })]);
  return requestAsking(client, command, { isOurs: isAbout(id), confirms: dev !== undefined, deviceBy });
}
