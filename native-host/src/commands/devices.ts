/** `partyline devices`: the phones one may talk through. */
import { el, type XmlElement } from "../xml/strict.ts";
import { plainAttributes } from "./as-json.ts";
import { type CliCommand, print, printable } from "./command.ts";
import { withService } from "./talk.ts";

export const devices: CliCommand = {
  summary: "Lists the devices, with the names --dev takes.",
  usage: "[--json]",
  words: [0, 0],
  run: async (input) => {
    const result = await withService(input, (client) => client.request(el("Devices")));
    const found = result.children.flatMap(({ children }) => children).map(({ attributes }) => attributes);
    if (input.flag("json")) print(JSON.stringify(found.map(plainAttributes)));
    else if (found.length === 0)
      print("There is no device; install baresip or name a phone in the settings.");
    else for (const device of found) print(line(device));
    return 0;
  },
};

function line(device: XmlElement["attributes"]): string {
  const { dev = "", name = "", kind = "", state = "", default: preferred } = device;
  const words = `${dev.padEnd(14)}${state.padEnd(10)}${kind.padEnd(11)}${name}`;
  return printable(preferred === "true" ? `${words} (default)` : words);
}
