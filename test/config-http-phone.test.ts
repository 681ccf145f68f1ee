import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { UserAgent } from "#sip/user-agent.ts";
import { readConfig } from "../native-host/src/config.ts";
import { configuredDevices } from "../native-host/src/devices/configured.ts";
import type { Device } from "../native-host/src/devices/device.ts";
import { accepts, type Schema } from "./support/json-schema.ts";
import { FINGERPRINT } from "./support/phones/http-phone-cast.ts";
import { HTTP_PHONE } from "./support/phones/http-phone-config.ts";
import { PASSWORD, PhoneWeb } from "./support/phones/phone-web.ts";
import { refused } from "./support/phones/refused.ts";
import { freePorts } from "./support/ports.ts";

const CERTIFICATES = join(import.meta.dirname, "support/certificates");
const desk = { id: "desk", kind: "http", url: "https://192.0.2.7" };
const TOKEN = "k7Qm2xVt9pLs4Zr8";
const signal = new AbortController().signal;

const MISTAKES: readonly (readonly [more: Record<string, unknown>, sentence: RegExp])[] = [
  [{ url: undefined }, /^devices\[0\]\.url is missing; it says where the phone's web server is/],
  [{ url: "192.0.2.7" }, /url must be an address such as/],
  [{ url: "https://admin:secret@192.0.2.7" }, /without path or password/],
  [{ url: "https://192.0.2.7/servlet" }, /without path or password/],
  [{ url: "ftp://192.0.2.7" }, /url must be an address such as/],
  [{ model: "siemens" }, /model must be one of yealink, .*akuvox, other/],
  [{ by: "mail" }, /by must be "http" or "notify"/],
  [{ by: "notify" }, /uri is missing; it says where the phone takes NOTIFY/],
  [{ password: "a", passwordFile: "b" }, /passwordFile is there beside a password/],
  [{ fingerprint: "AB:CD" }, /fingerprint must be a SHA-256 fingerprint/],
  [{ ca: "missing.pem" }, /missing\.pem/],
  [{ clearPassword: 1 }, /clearPassword must be true or false/],
  [{ requests: { dial: "/x" } }, /requests\.dial must be a request such as/],
  [{ requests: { dial: "PUT /x" } }, /requests\.dial must be a request such as/],
  [{ requests: { reboot: "GET /x" } }, /requests\.reboot is not a key/],
  [{ events: { token: "short", port: 8089 } }, /events\.token must be 16 to 64 letters/],
  [{ events: { token: TOKEN } }, /events\.port is missing/],
  [{ events: { token: TOKEN, port: 0 } }, /events\.port must be a port, 1 to 65535/],
  [{ events: { token: TOKEN, port: 8089, bind: "0.0.0.0" } }, /events\.bind must be one IP address/],
  [{ program: "x" }, /program is not a key/],
];

describe("A phone driven by HTTP, in the configuration", () => {
  test("needs no more than its address", () => {
    assert.deepEqual(readConfig({ devices: [desk] }).devices, [
      {
        ...desk,
        name: "desk",
        default: false,
        anchor: true,
        by: "http",
        clearPassword: false,
        requests: {},
      },
    ]);
  });

  test("says how it is reached, trusted and told", () => {
    const { password, ...all } = HTTP_PHONE;

    const [phone] = readConfig({ devices: [all] }, CERTIFICATES).devices ?? [];

    assert.ok(phone?.kind === "http");
    assert.equal(phone.passwordFile, join(CERTIFICATES, "desk.password"));
    assert.match(phone.ca ?? "", /^-----BEGIN CERTIFICATE-----/);
    assert.deepEqual(phone.requests, {
      hangUp: { method: "GET", path: "/servlet?key=X" },
      dial: { method: "POST", path: "/dial", type: "application/json", body: '{"to": "{number}"}' },
    });
    assert.deepEqual(phone.events, all.events);
  });

  test("is in the schema as the service reads it", async () => {
    const text = await readFile(new URL("../docs/config.schema.json", import.meta.url), "utf8");
    const rules: Schema = JSON.parse(text);
    /** What is about two keys, or about files. */
    const beyond = /is missing; it says|beside a password|\.pem/;

    const wrong = MISTAKES.filter(([, sentence]) => !beyond.test(sentence.source));

    assert.deepEqual(
      wrong.filter(([more]) => accepts(rules, { devices: [{ ...desk, ...more }] })).map(([, said]) => said),
      [],
    );
    assert.ok(accepts(rules, { devices: [desk] }));
  });

  for (const [more, sentence] of MISTAKES) {
    test(`that is wrong in ${JSON.stringify(more)} is refused in words`, () => {
      assert.throws(() => readConfig({ devices: [{ ...desk, ...more }] }), { message: sentence });
    });
  }
});

describe("A phone of the configuration", () => {
  async function configured(more: Record<string, unknown>, directory: string) {
    const agent = await UserAgent.open({ host: "127.0.0.1", port: 0, name: "test", identity: {} });
    const { devices } = readConfig({ devices: [{ ...desk, ...more }] }, directory);
    const common = { mediaHost: "127.0.0.1", directory, path: "", untilReachable: async () => undefined };
    const registry = configuredDevices(devices, { caller: agent, agent, ...common });
    const [device] = registry.list();
    // One was configured.
    const phone = device as Device & Required<Pick<Device, "probe">>;
    const close = () => Promise.all([registry.close(), agent.close()]);
    return { registry, phone, [Symbol.asyncDispose]: async () => void (await close()) };
  }

  test("is let in with the password of its file, corrected while the service runs", async () => {
    const directory = await mkdtemp(join(tmpdir(), "partyline-phone-"));
    const web = await PhoneWeb.open({ server: "Yealink", login: "basic", tls: true, reply: () => ({}) });
    const more = { url: web.url, fingerprint: FINGERPRINT, passwordFile: "desk.password" };
    await using service = await configured(more, directory);

    await assert.rejects(
      service.phone.probe(signal),
      refused("device-refused", /"passwordFile" cannot be read/),
    );
    await writeFile(join(directory, "desk.password"), "guess\n");
    await assert.rejects(service.phone.probe(signal), refused("device-refused", /wrong phone password/));
    await writeFile(join(directory, "desk.password"), `${PASSWORD}\n`);

    assert.equal(await service.phone.probe(signal), "It speaks Yealink and took the password.");
    assert.ok(service.phone.caps.includes("answer"));
    await web.close();
    await rm(directory, { recursive: true });
  });

  test("without a password says that one is missing", async () => {
    const web = await PhoneWeb.open({ server: "snom", login: "MD5", reply: () => ({}) });
    await using service = await configured({ url: web.url }, ".");

    await assert.rejects(
      service.phone.probe(signal),
      refused("device-refused", /put its web login into "username"/),
    );

    await web.close();
  });

  test("without a SIP address does no loop mode; with one it is found by it", async () => {
    await using plain = await configured({}, ".");
    await using called = await configured({ uri: "sip:desk@192.0.2.7" }, ".");

    await assert.rejects(plain.phone.wake(signal), refused("device-unsupported", /say its "uri"/));
    assert.equal(plain.phone.caps.includes("loop"), false);
    assert.equal(called.phone.caps.includes("loop"), true);
    assert.equal(called.registry.find("sip:desk@192.0.2.7"), called.phone);
  });

  test("whose reports nobody hears says so when it is tested", async () => {
    const web = await PhoneWeb.open({ server: "snom", login: "none", reply: () => ({}) });
    const port = await freePorts();
    const other = await PhoneWeb.open({ server: "other", login: "none", reply: () => ({}) }, port);
    await using service = await configured({ url: web.url, events: { token: TOKEN, port } }, ".");

    assert.match(
      await service.phone.probe(signal),
      /But nothing listens to the phone's reports on 127\.0\.0\.1/,
    );

    await Promise.all([web.close(), other.close()]);
  });
});
