/** `partyline devices`: the phones one may talk through, and whether one of them works. */
import { RefusedError } from "../api/client.ts";
import { el, type XmlElement } from "../xml/strict.ts";
import { plainAttributes } from "./as-json.ts";
import { type CliCommand, CommandError, type Input, print, printable } from "./command.ts";
import { answer, LONG_MS, withService } from "./talk.ts";

export const devices: CliCommand = {
  summary: "Lists the devices, with the names --dev takes, or tries one out.",
  usage: "[--test NAME] [--json]",
  options: {
    test: { type: "string", value: "NAME", help: "calls the device, plays a tone, and says what it heard" },
  },
  words: [0, 0],
  run: async (input) => {
    const name = input.text("test");
    await (name === undefined ? list(input) : tryOut(input, name));
    return 0;
  },
};

async function list(input: Input): Promise<void> {
  const result = await withService(input, (client) => client.request(el("Devices")));
  const found = result.children.flatMap(({ children }) => children).map(({ attributes }) => attributes);
  if (input.flag("json")) print(JSON.stringify(found.map(plainAttributes)));
  else if (found.length === 0) print("There is no device; install baresip or name a phone in the settings.");
  else for (const device of found) print(line(device));
}

function line(device: XmlElement["attributes"]): string {
  const { dev = "", name = "", kind = "", state = "", caps = "", default: preferred } = device;
  const words = `${dev.padEnd(14)}${state.padEnd(10)}${kind.padEnd(11)}${name}`;
  return printable(`${words}${preferred === "true" ? " (default)" : ""}${caps && `  [${caps}]`}`);
}

async function tryOut(input: Input, dev: string): Promise<void> {
  try {
    const result = await withService(input, (client) =>
      client.request(el("Test", { dev, timeout: LONG_MS })),
    );
    answer(input, result, printable(result.attributes["detail"] ?? "It works."));
  } catch (failed) {
    // What is to be done is in the words already, unless there is no such device.
    if (failed instanceof RefusedError && failed.code.startsWith("device-") && !input.flag("json")) {
      throw new CommandError(failed.message, { cause: failed });
    }
    throw failed;
  }
}
