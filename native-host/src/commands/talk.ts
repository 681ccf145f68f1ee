/** How the short commands speak to the service: one connection, one command, its answer in words or in JSON. */
import { ApiClient } from "../api/client.ts";
import { connectToService, reachService, startService } from "../api/reach-service.ts";
import type { XmlElement } from "../xml/strict.ts";
import { plainAttributes } from "./as-json.ts";
import { type Input, print } from "./command.ts";

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
