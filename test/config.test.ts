import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { loadConfig, readConfig } from "../native-host/src/config.ts";
import { desk, MISTAKES, plan } from "./support/config-mistakes.ts";
import { accepts, type Schema } from "./support/json-schema.ts";
import { HTTP_PHONE } from "./support/phones/http-phone-config.ts";

const CERTIFICATES = join(import.meta.dirname, "support/certificates");

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
      {
        kind: "sip",
        id: "desk",
        name: "desk",
        default: false,
        anchor: false,
        uri: "sip:desk@192.0.2.7",
        transfer: "inside",
      },
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

describe("The schema of the configuration, docs/config.schema.json", () => {
  const schema = async (): Promise<Schema> =>
    JSON.parse(await readFile(new URL("../docs/config.schema.json", import.meta.url), "utf8"));

  /** What JSON Schema cannot say: whether ids differ, that one default is enough, and what a number plan makes of a number. */
  const beyond = /there twice|one default only|needs a numberPlan|emergency|for this program/;

  test("refuses what the service refuses", async () => {
    const rules = await schema();
    const wrong = MISTAKES.filter(([, sentence]) => !beyond.test(String(sentence)));

    assert.deepEqual(
      wrong.filter(([value]) => accepts(rules, value)).map(([, sentence]) => sentence),
      [],
    );
  });

  test("takes what the service takes, with every key there is", async () => {
    const rules = await schema();
    const { password, ca, ...httpPhone } = HTTP_PHONE;
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
      api: {
        tcp: { port: 5065, tokenFile: "api.token", rights: ["control", "tunnel"] },
        webSocket: {
          port: 0,
          tokenFile: "web.token",
          origins: ["https://films.example", "http://127.0.0.1:8080"],
        },
      },
      devices: [
        { ...desk, name: "Desk", anchor: true, default: false, transfer: "outside" },
        {
          ...softphone,
          audioSource: "alsa,default",
          audioPlayer: "alsa,default",
          uri: "sip:me@127.0.0.1:5062",
          control: "127.0.0.1:4444",
        },
        { ...softphone, id: "linphone", default: false, program: "/usr/bin/linphonec" },
        { id: "home", kind: "pstn", name: "Home", number: "+49 30 123456", ringS: 30, anchor: true },
        httpPhone,
      ],
      numberPlan: {
        ...plan,
        international: "00",
        trunk: "none",
        allowed: ["+49*"],
        blocked: ["+49900*", "+49137xxxxxxx"],
        emergency: ["19222"],
        own: ["+49 170 1234567"],
      },
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
      "api",
      "conferences",
      "devices",
      "identity",
      "incoming",
      "numberPlan",
      "plugins",
      "sip",
    ]);
    assert.deepEqual(keys(properties?.["identity"]), ["name", "uri"]);
    assert.deepEqual(keys(properties?.["incoming"]), [
      "devices",
      "direct",
      "doNotDisturb",
      "eachS",
      "giveUpS",
      "onBusy",
      "ring",
    ]);
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
      ["anchor", "audioPlayer", "audioSource", "control", "default", "id", "kind", "name", "program", "uri"],
      ["anchor", "default", "id", "kind", "name", "transfer", "uri"],
      ["anchor", "default", "id", "kind", "name", "number", "ringS"],
      Object.keys(HTTP_PHONE).sort(),
    ]);
  });
});
