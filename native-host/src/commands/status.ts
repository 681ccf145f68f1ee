/** `partyline status`: the accounts and calls there are. */
import { el, type XmlElement } from "../xml/strict.ts";
import { plainAttributes } from "./as-json.ts";
import { type CliCommand, print, printable } from "./command.ts";
import { missedCallsOf } from "./missed.ts";
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
    else for (const each of lines({ accounts, calls, missed: missedCallsOf(input).all.length })) print(each);
    return 0;
  },
};

type Attributes = XmlElement["attributes"];

function lines(there: {
  readonly accounts: readonly Attributes[];
  readonly calls: readonly Attributes[];
  readonly missed: number;
}): string[] {
  const { accounts, calls, missed } = there;
  const nothing = calls.length === 0 ? ["The service is running; there is no call."] : [];
  const more =
    missed > 0 ? [`${missed} missed ${missed === 1 ? "call" : "calls"}; see: partyline missed`] : [];
  return [...accounts.map(accountLine), ...nothing, ...calls.map(line), ...more];
}

function accountLine({ id = "", state = "", sip, reason }: XmlElement["attributes"]): string {
  const why = sip === undefined ? "" : `: ${sip} ${reason ?? ""}`.trimEnd();
  return printable(`account ${id} ${state}${why}`);
}

function line(call: XmlElement["attributes"]): string {
  const { id = "", display, state = "", dev, muted, "muted-by": by, call: handle = "" } = call;
  const device = dev === undefined ? "" : ` on ${dev}`;
  const silence = muted !== "true" ? "" : by === "moderator" ? ", muted by a moderator" : ", muted";
  const who = display === undefined ? id : `${display} <${id}>`;
  return printable(`${who} ${state}${device}${silence} (call ${handle})`);
}
