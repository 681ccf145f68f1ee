/** `partyline status`: the calls there are. */
import { el, type XmlElement } from "../xml/strict.ts";
import { plainAttributes } from "./as-json.ts";
import { type CliCommand, print, printable } from "./command.ts";
import { withService } from "./talk.ts";

export const status: CliCommand = {
  summary: "Says what calls there are.",
  usage: "[--json]",
  words: [0, 0],
  run: async (input) => {
    const result = await withService(input, (client) => client.request(el("Status")));
    const calls = result.children
      .flatMap(({ children }) => children)
      .filter(({ name }) => name === "Call")
      .map(({ attributes }) => attributes);
    if (input.flag("json")) print(JSON.stringify(calls.map(plainAttributes)));
    else if (calls.length === 0) print("The service is running; there is no call.");
    else for (const call of calls) print(line(call));
    return 0;
  },
};

function line(call: XmlElement["attributes"]): string {
  const { id = "", state = "", dev, muted, call: handle = "" } = call;
  const device = dev === undefined ? "" : ` on ${dev}`;
  return printable(`${id} ${state}${device}${muted === "true" ? ", muted" : ""} (call ${handle})`);
}
