/** `partyline send`: documents of the XML API, as they are. */
import { text } from "node:stream/consumers";
import type { ApiClient } from "../api/client.ts";
import { XmlError } from "../xml/scan.ts";
import { parseXml } from "../xml/strict.ts";
import { plainElement } from "./as-json.ts";
import { type CliCommand, type Input, print } from "./command.ts";
import { withService } from "./talk.ts";

export const send: CliCommand = {
  summary:
    "Sends commands of the XML API, from the argument or from standard input, and prints what comes back.",
  usage: "[XML] [--follow]",
  options: { follow: { type: "boolean", help: "stay and print events" } },
  words: [0, 1],
  run: async (input) => {
    const [document] = input.words;
    const documents = document === undefined ? splitDocuments(await text(process.stdin)) : [document];
    return withService(input, (client) => sendAll(client, documents, input));
  },
};

/** Resolves with 0 if every Result was ok. */
async function sendAll(client: ApiClient, documents: readonly string[], input: Input): Promise<number> {
  const all = Promise.withResolvers<void>();
  let open = documents.length;
  let refused = 0;
  client.onDocument = (document, xml) => {
    print(input.flag("json") ? JSON.stringify(plainElement(document)) : xml.replaceAll("\n", "&#10;"));
    if (document.name !== "Result" && document.name !== "Welcome") return;
    if (document.attributes["status"] === "error") refused += 1;
    open -= 1;
    if (open <= 0) all.resolve();
  };
  for (const document of documents) client.send(document);
  if (documents.length > 0) await Promise.race([all.promise, client.closed]);
  if (input.flag("follow")) await client.closed;
  return refused > 0 || open > 0 ? 1 : 0;
}

/** Documents separated by NUL, or each on its line or lines; what never becomes one is sent for the service to refuse. */
export function splitDocuments(text: string): string[] {
  if (text.includes("\0")) return text.split("\0").filter((part) => part.trim() !== "");
  const documents: string[] = [];
  let begun = "";
  for (const line of text.split("\n")) {
    begun = begun === "" ? line : `${begun}\n${line}`;
    if (begun.trim() === "" || incomplete(begun)) continue;
    documents.push(begun);
    begun = "";
  }
  return begun.trim() === "" ? documents : [...documents, begun];
}

function incomplete(text: string): boolean {
  try {
    parseXml(text);
    return false;
  } catch (cause) {
    return cause instanceof XmlError && cause.incomplete;
  }
}
