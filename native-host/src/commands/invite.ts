/** `partyline invite URI…`: brings people into the conference one is in, or into a new one. */
import { type ApiClient, RefusedError } from "../api/client.ts";
import { el, type XmlElement } from "../xml/strict.ts";
import { plainAttributes } from "./as-json.ts";
import { isAbout, requestAsking } from "./ask-device.ts";
import { type CliCommand, type Input, print, printable } from "./command.ts";
import { withService } from "./talk.ts";

const CALL = { type: "string", value: "C", help: "which call; the current one when missing" } as const;

/** What the service calls a conference that it makes. */
const NEW_CONFERENCE = /^sips?:[^@]+-[0-9a-f]{16}@/;

/** More than one command of the API takes. */
const MOST = 64;

export const invite: CliCommand = {
  summary: "Brings people into the conference; a call becomes one, and without a call one is made.",
  usage: "URI… [--dev D] [--call C]",
  options: {
    dev: { type: "string", value: "D", help: "the device, when there is no call yet; else it asks" },
    call: CALL,
  },
  words: [1, MOST],
  run: async (input) => {
    const result = await withService(input, (client) => ask(client, input), true);
    tell(input, result);
    return result.attributes["status"] === "ok" ? 0 : 1;
  },
};

/** Somebody left out is told by the answer too, so that it says what became of the others. */
async function ask(client: ApiClient, input: Input): Promise<XmlElement> {
  const attributes = { call: input.text("call"), dev: input.text("dev") };
  const people = input.words.map((id) => el("Add", { id }));
  const isOurs = (id: string) => NEW_CONFERENCE.test(id) || input.words.some((word) => isAbout(word)(id));
  const question = { isOurs, confirms: input.words.some(isAbout("tel:")) };
  try {
    return await requestAsking(client, el("Invite", attributes, people), question);
  } catch (refused) {
    if (refused instanceof RefusedError && refused.result.children.some(isPerson)) return refused.result;
    throw refused;
  }
}

function tell(input: Input, { attributes, children }: XmlElement): void {
  const people = children.filter(isPerson);
  if (input.flag("json")) {
    const { call, conf } = attributes;
    const invitees = people.map((one) => ({ ...plainAttributes(one.attributes), ...errorOf(one) }));
    print(JSON.stringify({ call, conf, invitees }));
    return;
  }
  for (const one of people) print(printable(sentence(one)));
}

const STATES: Readonly<Record<string, string>> = {
  joined: "is in the conference.",
  ringing: "is being called.",
  referred: "was invited; the conference does not say more.",
};

function sentence(person: XmlElement): string {
  const { id = "", state = "" } = person.attributes;
  const { error } = errorOf(person);
  return error?.["detail"] === undefined
    ? `${id} ${STATES[state] ?? "could not be invited."}`
    : `${error["detail"]}`;
}

function errorOf({ children }: XmlElement) {
  const error = children.find(({ name }) => name === "Error");
  return error ? { error: plainAttributes(error.attributes) } : {};
}

function isPerson({ name }: XmlElement): boolean {
  return name === "Add";
}
