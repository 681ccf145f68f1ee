/** How the short commands speak to the service: one connection, one command, its answer in words or in JSON. */
import { ApiClient } from "../api/client.ts";
import { connectToService, reachService, startService } from "../api/reach-service.ts";
import type { XmlElement } from "../xml/strict.ts";
import { plainAttributes } from "./as-json.ts";
import { isAbout, requestAsking } from "./ask-device.ts";
import { type Input, print } from "./command.ts";

/** For a command that may ask the user, or ring a telephone of theirs. */
export const LONG_MS = 92_000;

/** Connects, runs `talk`, and always hangs up. With `start` the service is started if need be. */
export async function withService<Value>(
  input: Input,
  talk: (client: ApiClient) => Promise<Value>,
  start = false,
): Promise<Value> {
  const directory = input.runtimeDir;
  const socket = await (start
    ? reachService(directory, () => startService(directory))
    : connectToService(directory));
  const client = new ApiClient(socket);
  try {
    return await talk(client);
  } finally {
    client.close();
  }
}

/** As `command`, where the user may be asked about the address `id` first. */
export async function commandAsking(
  input: Input,
  element: XmlElement,
  id: string,
  words: (result: XmlElement) => string,
): Promise<number> {
  const command = { ...element, attributes: { ...element.attributes, timeout: String(LONG_MS) } };
  const question = { isOurs: isAbout(id), confirms: true };
  const result = await withService(input, (client) => requestAsking(client, command, question));
  answer(input, result, words(result));
  return 0;
}

/** Sends one command and says what came of it. */
export async function command(
  input: Input,
  element: XmlElement,
  words: (result: XmlElement) => string,
): Promise<number> {
  const result = await withService(input, (client) => client.request(element));
  answer(input, result, words(result));
  return 0;
}

/** The Result's attributes as JSON, or a sentence. */
export function answer(input: Input, result: XmlElement, words: string): void {
  const { req: _req, status: _status, ...attributes } = result.attributes;
  print(input.flag("json") ? JSON.stringify(plainAttributes(attributes)) : words);
}
