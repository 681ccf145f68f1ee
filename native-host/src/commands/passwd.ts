/** `partyline passwd`: the line of a user for the proxy's users file, made of a password that stays here. */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { userLine } from "../sip/user-line.ts";
import { type CliCommand, CommandError, print, UsageError } from "./command.ts";

export const passwd: CliCommand = {
  summary: "Makes a user's line for the proxy's --users file; asks for the password, or reads it from stdin.",
  usage: "USER --realm REALM [--md5]",
  options: {
    realm: { type: "string", value: "REALM", help: "what the proxy calls itself, e.g. its domain" },
    md5: { type: "boolean", help: "for a phone that gives up when it is offered more than MD5" },
  },
  words: [1, 1],
  run: async (input) => {
    const [username = ""] = input.words;
    const realm = input.text("realm");
    if (realm === undefined) throw new UsageError("It is: partyline passwd USER --realm REALM");
    const password = process.stdin.isTTY ? await askTwice(username) : await firstLine();
    if (password === "") throw new CommandError("An empty password protects nothing.");
    const line = userLine(username, realm, password, input.flag("md5") ? ["MD5"] : undefined);
    if (line === undefined) throw new UsageError("A user and a realm have neither colons nor line ends.");
    print(input.flag("json") ? JSON.stringify({ user: username, realm, line }) : line);
    return 0;
  },
};

async function askTwice(username: string): Promise<string> {
  const password = await ask(`Password of ${username}: `);
  if (password !== (await ask("Once more: "))) throw new CommandError("The two are not the same.");
  return password;
}

/** What is typed is not shown. */
async function ask(question: string): Promise<string> {
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  try {
    return await terminal.question("");
  } finally {
    terminal.close();
    process.stderr.write("\n");
  }
}

async function firstLine(): Promise<string> {
  for await (const line of createInterface({ input: process.stdin })) return line;
  return "";
}
