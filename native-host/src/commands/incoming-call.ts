/** Which call a command about one that comes in means: the one named, or the only one there is. */
import type { ApiClient } from "../api/client.ts";
import { el, type XmlElement } from "../xml/strict.ts";
import { isAbout, requestAsking } from "./ask-device.ts";
import { CommandError, type Input, printable } from "./command.ts";
import { answer, withService } from "./talk.ts";

/** Sends the element `of` makes for the call, and says what came of it. `words` is told who calls. */
export async function toIncoming(
  input: Input,
  of: (call: string) => XmlElement,
  words: (who: string) => string,
): Promise<number> {
  return withService(input, async (client) => {
    const { call = "", display, id = "" } = await incomingCall(client, input.text("call"));
    const result = await requestAsking(client, of(call), { isOurs: isAbout(id), confirms: false });
    answer(input, result, printable(words(display ?? id)));
    return 0;
  });
}

async function incomingCall(client: ApiClient, named: string | undefined): Promise<XmlElement["attributes"]> {
  const { children } = await client.request(el("Status"));
  const calls = children.flatMap((status) => status.children).filter(({ name }) => name === "Call");
  // A call that is named is the service's to judge.
  if (named !== undefined)
    return calls.find((one) => one.attributes["call"] === named)?.attributes ?? { call: named };
  const [first, ...others] = calls.filter(({ attributes }) => attributes["state"] === "incoming");
  if (!first) throw new CommandError("No call comes in now; see: partyline missed");
  if (others.length > 0)
    throw new CommandError("Several calls come in; name one with --call: partyline status");
  return first.attributes;
}
