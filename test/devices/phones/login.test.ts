import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { desk, phoneStage } from "../../support/phones/http-phone-cast.ts";
import { PASSWORD, PhoneWeb } from "../../support/phones/phone-web.ts";
import { refused } from "../../support/phones/refused.ts";

const signal = new AbortController().signal;

describe("The login of a phone", () => {
  for (const login of ["basic", "MD5", "SHA-256"] as const) {
    test(`by ${login} is answered once and then shown at once`, async () => {
      await using stage = await phoneStage({ vendor: "yealink", login, tls: true });
      const { web } = stage.phone;
      const device = stage.device();

      await device.probe(signal);
      await device.probe(signal);

      assert.equal(web.obeyed.length, 2);
      assert.equal(web.asked, 3);
    });
  }

  test("that took the password says so when it is tested", async () => {
    await using stage = await phoneStage({ vendor: "snom" });

    assert.equal(await stage.device().probe(signal), "It speaks Snom and took the password.");
  });

  test("that changed is noticed, and the right one is taken again", async () => {
    await using stage = await phoneStage({ vendor: "snom" });
    const { web } = stage.phone;
    const device = stage.device();
    await device.probe(signal);

    web.password = "another";
    await assert.rejects(device.probe(signal), refused("device-refused", /wrong phone password/));
    web.password = PASSWORD;

    await device.probe(signal);
  });

  test("that is wrong is not tried more than once for each command", async () => {
    for (const login of ["basic", "MD5"] as const) {
      await using stage = await phoneStage({ vendor: "yealink", login });
      const device = stage.device({ credentials: { username: "admin", password: "guess" } });

      for (let tries = 0; tries < 3; tries += 1) await assert.rejects(device.probe(signal));

      assert.equal(stage.phone.web.wrong, 3);
    }
  });

  test("is not sent readable over plain HTTP unless the user says so", async () => {
    await using stage = await phoneStage({ vendor: "grandstream", tls: false });
    const device = stage.device({ clearPassword: false });

    await assert.rejects(
      device.probe(signal),
      refused("device-refused", /readable on the way.*"clearPassword"/),
    );

    assert.equal(stage.phone.web.asked, 0);
  });

  test("is not sent by Basic over plain HTTP unless the user says so", async () => {
    await using stage = await phoneStage({ vendor: "yealink" });

    const probing = stage.device({ clearPassword: false }).probe(signal);

    await assert.rejects(probing, refused("device-refused", /readable on the way/));
    assert.equal(stage.phone.web.asked, 1);
  });

  test("by a digest goes over plain HTTP", async () => {
    await using stage = await phoneStage({ vendor: "yealink", login: "SHA-256" });

    await stage.device({ clearPassword: false }).probe(signal);
  });

  test("is in no error, whatever one looks into", async () => {
    await using stage = await phoneStage({ vendor: "grandstream" });
    stage.phone.web.silent = true;

    const error: unknown = await stage
      .device({ answerMs: 20 })
      .probe(signal)
      .catch((cause: unknown) => cause);

    const words = inspect(error, { depth: 9, showHidden: true });
    assert.doesNotMatch(words, /secret/);
  });

  test("is shown to nobody a redirect points to", async () => {
    const other = await PhoneWeb.open({ server: "elsewhere", login: "basic", reply: () => ({}) });
    const elsewhere = other.url.replace("127.0.0.1", "localhost");
    const web = await PhoneWeb.open({
      server: "Yealink",
      login: "none",
      reply: () => ({ status: 302, headers: { location: `${elsewhere}/servlet` } }),
    });

    const probing = desk({ url: web.url, model: "yealink" }).probe(signal);

    await assert.rejects(probing, refused("device-refused", /sends us to another computer/));
    assert.equal(other.asked, 0);
    await Promise.all([web.close(), other.close()]);
  });

  test("follows the phone to its own https, and no further than three times", async () => {
    const secure = await PhoneWeb.open({ server: "Yealink", login: "MD5", tls: true, reply: () => ({}) });
    const location = (path: string) => ({ status: 301, headers: { location: path } });
    const plain = await PhoneWeb.open({
      server: "Yealink",
      login: "none",
      reply: ({ path }) => location(path.includes("around") ? path : `${secure.url}${path}`),
    });

    await desk({ url: plain.url, model: "yealink" }).probe(signal);
    const around = { probe: { method: "GET", path: "/around" } } as const;
    const turning = desk({ url: plain.url, model: "yealink", requests: around }).probe(signal);

    await assert.rejects(turning, refused("device-refused", /redirects without end/));
    assert.deepEqual(secure.obeyed, ["GET /servlet?phonecfg=get"]);
    await Promise.all([plain.close(), secure.close()]);
  });
});

describe("The certificate of a phone", () => {
  const secured = { server: "Yealink", login: "none", tls: true, reply: () => ({}) } as const;

  test("of its own is refused with its fingerprint, before anything is said", async () => {
    const web = await PhoneWeb.open(secured);

    const probing = desk({ url: web.url, model: "yealink", fingerprint: undefined }).probe(signal);

    await assert.rejects(probing, refused("device-refused", /([0-9A-F]{2}:){31}[0-9A-F]{2}.*"fingerprint"/));
    assert.equal(web.asked, 0);
    await web.close();
  });

  test("is none where the phone speaks plain HTTP, or TLS of long ago", async () => {
    const web = await PhoneWeb.open({ ...secured, tls: false });
    const url = web.url.replace("http:", "https:");

    const probing = desk({ url, model: "yealink" }).probe(signal);

    await assert.rejects(probing, refused("device-refused", /does not speak https of today.*"url"/));
    await web.close();
  });

  test("that is not the one of its fingerprint may be somebody else's", async () => {
    const web = await PhoneWeb.open(secured);

    const probing = desk({ url: web.url, model: "yealink", fingerprint: "00".repeat(32) }).probe(signal);

    await assert.rejects(probing, refused("device-refused", /somebody else may answer/));
    assert.equal(web.asked, 0);
    await web.close();
  });
});
