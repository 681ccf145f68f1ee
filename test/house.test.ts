import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { parseXml, type XmlElement } from "#xml/strict.ts";
import { readRequest } from "../native-host/src/api/xml.ts";
import { COMMANDS } from "../native-host/src/cli.ts";
import { errorCodes } from "../native-host/src/errors.ts";

const read = (path: string) => readFile(new URL(`../${path}`, import.meta.url), "utf8");
const inside = (element: XmlElement): XmlElement[] => [element, ...element.children.flatMap(inside)];

/** The schema as elements. */
async function schema(): Promise<XmlElement[]> {
  const text = await read("native-host/api/partyline-1.xsd");
  return inside(parseXml(text, { maxBytes: 2 ** 20, maxDepth: 32 }));
}

/** Elements of the schema that are answers, events or parts of one. */
const NO_COMMANDS = new Set(
  "Welcome Accepted Result Error Device Account Call Roster Talking Presence Prompt Trace Event Sdp WebRing WebHangup Bridge".split(
    " ",
  ),
);

/** Commands a client may send today, told by the service itself. */
async function commands(): Promise<string[]> {
  const named = (await schema())
    .filter(({ name, attributes }) => name === "element" && attributes["name"] !== undefined)
    .map(({ attributes }) => attributes["name"] ?? "");
  return [...new Set(named)].filter((name) => {
    const incoming = readRequest(`<${name} req="1"/>`);
    const unknown = "refusal" in incoming && incoming.refusal.code === "unknown-command";
    return !unknown && !NO_COMMANDS.has(name);
  });
}

describe("The house", () => {
  test("explains every error code of the API in docs/xml-api.md", async () => {
    const docs = await read("docs/xml-api.md");
    assert.deepEqual(
      errorCodes.filter((code) => !docs.includes(`\`${code}\``)),
      [],
    );
  });

  test("has the error codes of the schema, all 39 and no other", async () => {
    const enumerations = (await schema()).filter(
      ({ name, attributes }) => name === "simpleType" && attributes["name"] === "errCode",
    );
    const codes = enumerations.flatMap(inside).filter(({ name }) => name === "enumeration");
    assert.deepEqual(codes.map(({ attributes }) => attributes["value"]).sort(), [...errorCodes].sort());
    assert.equal(errorCodes.length, 39);
  });

  test("explains every command of the API in docs/xml-api.md, and no command is missing from the schema", async () => {
    const docs = await read("docs/xml-api.md");
    const known = await commands();
    assert.equal(known.length, 28);
    assert.deepEqual(
      known.filter((name) => !docs.includes(`\`<${name}`)),
      [],
    );
  });

  test("explains every command of partyline in docs/cli.md", async () => {
    const docs = await read("docs/cli.md");
    assert.deepEqual(
      Object.keys(COMMANDS).filter((name) => !new RegExp(`\`${name}[ \`]`).test(docs)),
      [],
    );
  });
});
