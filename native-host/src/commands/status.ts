/** `partyline status`: the accounts and calls there are. */
import { el, type XmlElement } from "../xml/strict.ts";
import { plainAttributes } from "./as-json.ts";
import { type CliCommand, print, printable } from "./command.ts";
import { withService } from "./talk.ts";

export const status: CliCommand = {
  summary: "Says what accounts and calls there are.",
  usage: "[--json]",
  words: [0, 0],
  run: async (input) => {
    const result = await withService(input, (client) => client.request(el("Status")));
    const all = result.children.flatMap(({ children }) => children);
    const called = (wanted: string) =>
      all.filter(({ name }) => name === wanted).map(({ attributes }) => attributes);
    const [calls, accounts] = [called("Call"), called("Account")];
    if (input.flag("json")) print(JSON.stringify(calls.map(plainAttributes)));
    else {
      for (const account of accounts) print(accountLine(account));
      if (calls.length === 0) print("The service is running; there is no call.");
      for (const call of calls) print(line(call));
    }
    return 0;
  },
};

function accountLine({ id = "", state = "", sip, reason }: XmlElement["attributes"]): string {
  const why = sip === undefined ? "" : `: ${sip} ${reason ?? ""}`.trimEnd();
  return printable(`account ${id} ${state}${why}`);
}

function line(call: XmlElement["attributes"]): string {
  const { id = "", state = "", dev, muted, call: handle = "" } = call;
  const device = dev === undefined ? "" : ` on ${dev}`;
  return printable(`${id} ${state}${device}${muted === "true" ? ", muted" : ""} (call ${handle})`);
}
