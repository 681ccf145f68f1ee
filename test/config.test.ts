import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { loadConfig, readConfig } from "../native-host/src/config.ts";

const CERTIFICATES = join(import.meta.dirname, "support/certificates");

const desk = { id: "desk", kind: "sip", uri: "sip:desk@192.0.2.7" };

/** Configurations that are wrong, and the sentence each gets. */
const MISTAKES: readonly (readonly [value: unknown, sentence: string])[] = [
  [[], "the configuration must be an object."],
  [{ idenity: {} }, "idenity is not a key of the configuration."],
  [{ identity: "Alice" }, "identity must be an object."],
  [{ identity: { name: "two\nlines" } }, "identity.name must be a text of one line, 256 characters at most."],
  [
    { identity: { uri: "alice@example.com" } },
    "identity.uri must be a SIP URI such as sip:alice@example.com.",
  ],
  [{ sip: { port: "5060" } }, "sip.port must be a port, 0 to 65535."],
  [{ sip: { port: 65_536 } }, "sip.port must be a port, 0 to 65535."],
  [{ sip: { bind: "0.0.0.0" } }, "sip.bind must be one IP address of this machine."],
  [{ sip: { bind: "localhost" } }, "sip.bind must be one IP address of this machine."],
  [
    { sip: { dnsServers: ["dns.example"] } },
    'sip.dnsServers must be a list of addresses such as "192.0.2.53" or "192.0.2.53:5353".',
  ],
  [{ sip: { codecs: "PCMA" } }, "sip.codecs must be a list of PCMU, PCMA, each once at most."],
  [{ sip: { codecs: ["PCMA", "PCMA"] } }, "sip.codecs must be a list of PCMU, PCMA, each once at most."],
  [{ sip: { codecs: ["opus"] } }, "sip.codecs must be a list of PCMU, PCMA, each once at most."],
  [
    { sip: { tls: { certificate: "cert.pem" } } },
    "sip.tls must have both certificate and key, each the name of a file.",
  ],
  [{ sip: { tls: {} } }, "sip.tls must have both certificate and key, each the name of a file."],
  [{ sip: { tls: { port: "x" } } }, "sip.tls.port must be a port, 0 to 65535."],
  [{ sip: { ca: 5 } }, "sip.ca must be a text of one line, 256 characters at most."],
  [{ sip: { bnd: "127.0.0.1" } }, "sip.bnd is not a key of the configuration."],
  [{ devices: {} }, "devices must be a list."],
  [{ devices: ["desk"] }, "devices[0] must be an object."],
  [{ devices: [{ ...desk, kind: "fax" }] }, "devices[0].kind must be one of softphone, sip."],
  [
    { devices: [{ ...desk, uri: "desk" }] },
    "devices[0].uri must be a SIP URI such as sip:alice@example.com.",
  ],
  [
    { devices: [desk, { id: "kitchen", kind: "sip" }] },
    "devices[1].uri is missing; it says where the phone is called.",
  ],
  [
    { devices: [{ ...desk, id: "my desk" }] },
    "devices[0].id must be a name of letters, digits, dots, dashes and underscores.",
  ],
  [{ devices: [{ ...desk, anchor: "yes" }] }, "devices[0].anchor must be true or false."],
  [{ devices: [{ ...desk, program: "baresip" }] }, "devices[0].program is not a key of the configuration."],
  [{ devices: [desk, desk] }, 'devices[1].id "desk" is there twice.'],
  [
    {
      devices: [
        { ...desk, default: true },
        { ...desk, id: "b", default: true },
      ],
    },
    "devices may have one default only.",
  ],
];

describe("The configuration", () => {
  test("may be empty", () => {
    assert.deepEqual(readConfig({}), { identity: {}, sip: {} });
  });

  test("need not be there at all", async () => {
    assert.deepEqual(await loadConfig("/nowhere/config.json"), { identity: {}, sip: {} });
  });

  test("names who the user is, where SIP is, and the devices", () => {
    const config = readConfig({
      $schema: "https://example.org/config.schema.json",
      identity: { name: "Alice", uri: "sip:alice@example.com" },
      sip: {
        bind: "192.0.2.5",
        port: 5062,
        outboundProxy: "sip:proxy.example.com",
        dnsServers: ["192.0.2.53:5353"],
        codecs: ["PCMA"],
      },
      devices: [desk, { id: "soft", kind: "softphone", audioSource: "alsa,default", default: true }],
    });

    assert.deepEqual(config.devices, [
      { kind: "sip", id: "desk", name: "desk", default: false, anchor: false, uri: "sip:desk@192.0.2.7" },
      {
        kind: "softphone",
        id: "soft",
        name: "soft",
        default: true,
        anchor: true,
        program: "baresip",
        audioSource: "alsa,default",
      },
    ]);
    assert.deepEqual(config.sip, {
      bind: "192.0.2.5",
      port: 5062,
      outboundProxy: "sip:proxy.example.com",
      dnsServers: ["192.0.2.53:5353"],
      codecs: ["PCMA"],
    });
  });

  test("names the files for TLS, as seen from where it lies itself", () => {
    const tls = { certificate: "localhost.pem", key: "localhost.key", port: 5061 };

    const config = readConfig({ sip: { tls, ca: "ca.pem" } }, CERTIFICATES);

    assert.match(config.sip.tls?.certificate ?? "", /^-----BEGIN CERTIFICATE-----/);
    assert.match(config.sip.tls?.key ?? "", /^-----BEGIN PRIVATE KEY-----/);
    assert.equal(config.sip.tls?.port, 5061);
    assert.match(config.sip.ca ?? "", /^-----BEGIN CERTIFICATE-----/);
  });

  const wrongFiles = [
    [{ ca: "nowhere.pem" }, "nowhere.pem cannot be read."],
    [{ ca: "localhost.key" }, "localhost.key holds no certificate in PEM."],
    [
      { tls: { certificate: "localhost.key", key: "localhost.key" } },
      "localhost.key holds no certificate in PEM.",
    ],
    [
      { tls: { certificate: "ca.pem", key: "ca.pem" } },
      "ca.pem holds no private key in PEM, or one with a password.",
    ],
    [
      { tls: { certificate: "ca.pem", key: "localhost.key" } },
      `localhost.key is not the key of the certificate in ${join(CERTIFICATES, "ca.pem")}.`,
    ],
  ] as const;
  for (const [sip, sentence] of wrongFiles) {
    test(`is refused with the file's name: ${sentence.split("/")[0]}`, () => {
      const message = `${CERTIFICATES}/${sentence}`;
      assert.throws(() => readConfig({ sip }, CERTIFICATES), { name: "ConfigError", message });
    });
  }

  for (const [value, sentence] of MISTAKES) {
    test(`is refused: ${sentence}`, () => {
      assert.throws(() => readConfig(value), { name: "ConfigError", message: sentence });
    });
  }

  test("that is no JSON is refused with the name of the file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "partyline-config-"));
    const file = join(folder, "config.json");
    await writeFile(file, "{ identity: }");

    await assert.rejects(loadConfig(file), {
      name: "ConfigError",
      message: /config\.json: this is not JSON/,
    });
    await rm(folder, { recursive: true });
  });
});

/** As much of JSON Schema as docs/config.schema.json uses. */
interface Schema {
  readonly type?: string;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly minLength?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly items?: Schema;
  readonly uniqueItems?: boolean;
  readonly oneOf?: readonly Schema[];
}

function accepts(schema: Schema, value: unknown): boolean {
  if (schema.oneOf) return schema.oneOf.filter((one) => accepts(one, value)).length === 1;
  if (schema.const !== undefined) return value === schema.const;
  if (schema.enum) return typeof value === "string" && schema.enum.includes(value);
  return schema.type === undefined || acceptsType(schema, value);
}

function acceptsType(schema: Schema, value: unknown): boolean {
  switch (schema.type) {
    case "object":
      return (
        typeof value === "object" && value !== null && !Array.isArray(value) && acceptsObject(schema, value)
      );
    case "array":
      return Array.isArray(value) && acceptsList(schema, value);
    case "string":
      return typeof value === "string" && acceptsText(schema, value);
    case "integer":
      return (
        Number.isInteger(value) &&
        Number(value) >= (schema.minimum ?? 0) &&
        Number(value) <= (schema.maximum ?? 0)
      );
    default:
      return typeof value === schema.type;
  }
}

function acceptsObject(schema: Schema, value: object): boolean {
  const known = schema.properties ?? {};
  const keys = Object.entries(value);
  const fits = keys.every(([key, one]) => key in known && accepts(known[key] ?? {}, one));
  return fits && (schema.required ?? []).every((key) => key in value);
}

function acceptsList({ items = {}, uniqueItems }: Schema, list: readonly unknown[]): boolean {
  const fits = uniqueItems !== true || new Set(list).size === list.length;
  return fits && list.every((one) => accepts(items, one));
}

function acceptsText(
  { pattern, minLength = 0, maxLength = Number.MAX_SAFE_INTEGER }: Schema,
  text: string,
): boolean {
  const length = text.length >= minLength && text.length <= maxLength;
  return length && (pattern === undefined || new RegExp(pattern, "u").test(text));
}

describe("The schema of the configuration, docs/config.schema.json", () => {
  const schema = async (): Promise<Schema> =>
    JSON.parse(await readFile(new URL("../docs/config.schema.json", import.meta.url), "utf8"));

  /** What JSON Schema cannot say: whether ids differ, and that one default is enough. */
  const beyond = /there twice|one default only/;

  test("refuses what the service refuses", async () => {
    const rules = await schema();
    const wrong = MISTAKES.filter(([, sentence]) => !beyond.test(sentence));

    assert.deepEqual(
      wrong.filter(([value]) => accepts(rules, value)).map(([, sentence]) => sentence),
      [],
    );
  });

  test("takes what the service takes, with every key there is", async () => {
    const rules = await schema();
    const softphone = {
      id: "soft",
      kind: "softphone",
      name: "Soft",
      anchor: true,
      default: true,
      program: "baresip",
    };
    const everything = {
      $schema: "./config.schema.json",
      identity: { name: "Alice", uri: "sip:alice@example.com" },
      sip: {
        bind: "::1",
        port: 0,
        outboundProxy: "sip:127.0.0.1:5070",
        dnsServers: ["192.0.2.53", "[2001:db8::53]:5353"],
        codecs: ["PCMA", "PCMU"],
      },
      devices: [
        { ...desk, name: "Desk", anchor: true, default: false },
        { ...softphone, audioSource: "alsa,default", audioPlayer: "alsa,default" },
      ],
      plugins: [
        { name: "sip", rights: ["request"] },
        { name: "lamp", module: "lamp.ts", options: { a: 1 } },
      ],
      actions: [
        { when: "joined", who: "sip:*@example.com", where: "*", notify: "{who}" },
        { when: "missed", send: "<Ping/>", run: { plugin: "lamp", function: "flash" } },
      ],
    };

    assert.ok(accepts(rules, everything) && accepts(rules, {}));
    readConfig(everything);
  });

  test("knows the very keys the service knows", async () => {
    const { properties } = await schema();
    const kinds = properties?.["devices"]?.items?.oneOf ?? [];
    const keys = (one: Schema | undefined) => Object.keys(one?.properties ?? {}).sort();

    assert.deepEqual(Object.keys(properties ?? {}).sort(), [
      "$schema",
      "accounts",
      "actions",
      "devices",
      "identity",
      "plugins",
      "sip",
    ]);
    assert.deepEqual(keys(properties?.["identity"]), ["name", "uri"]);
    assert.deepEqual(keys(properties?.["sip"]), [
      "bind",
      "ca",
      "codecs",
      "dnsServers",
      "outboundProxy",
      "port",
      "tls",
    ]);
    assert.deepEqual(kinds.map(keys), [
      ["anchor", "audioPlayer", "audioSource", "default", "id", "kind", "name", "program"],
      ["anchor", "default", "id", "kind", "name", "uri"],
    ]);
  });
});
